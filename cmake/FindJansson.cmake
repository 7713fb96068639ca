# Finds Jansson (JSON): target Jansson::jansson.
find_package(PkgConfig QUIET)
pkg_check_modules(PC_JANSSON QUIET jansson)
find_path(Jansson_INCLUDE_DIR jansson.h HINTS ${PC_JANSSON_INCLUDE_DIRS})
find_library(Jansson_LIBRARY jansson HINTS ${PC_JANSSON_LIBRARY_DIRS})
set(Jansson_VERSION ${PC_JANSSON_VERSION})
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Jansson
    REQUIRED_VARS Jansson_LIBRARY Jansson_INCLUDE_DIR
    VERSION_VAR Jansson_VERSION)
if(Jansson_FOUND AND NOT TARGET Jansson::jansson)
    add_library(Jansson::jansson UNKNOWN IMPORTED)
    set_target_properties(Jansson::jansson PROPERTIES
        IMPORTED_LOCATION ${Jansson_LIBRARY}
        INTERFACE_INCLUDE_DIRECTORIES ${Jansson_INCLUDE_DIR})
endif()
mark_as_advanced(Jansson_INCLUDE_DIR Jansson_LIBRARY)
