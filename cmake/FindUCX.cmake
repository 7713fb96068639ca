# Finds UCX's headers (ucp, uct): target UCX::headers. Its libraries are loaded
# at run time.
find_package(PkgConfig QUIET)
pkg_check_modules(PC_UCX QUIET ucx)
find_path(UCX_INCLUDE_DIR ucp/api/ucp.h HINTS ${PC_UCX_INCLUDE_DIRS})
set(UCX_VERSION ${PC_UCX_VERSION})
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(UCX
    REQUIRED_VARS UCX_INCLUDE_DIR VERSION_VAR UCX_VERSION)
if(UCX_FOUND AND NOT TARGET UCX::headers)
    add_library(UCX::headers INTERFACE IMPORTED)
    set_target_properties(UCX::headers PROPERTIES
        INTERFACE_INCLUDE_DIRECTORIES ${UCX_INCLUDE_DIR})
endif()
mark_as_advanced(UCX_INCLUDE_DIR)
