#include "unit.h"

#include "report/folder.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static void a_file_has_a_directory(void **state)
{
    static const char *const cases[][2] = {{"run.json", "."},
                                           {"out/run.json", "out"},
                                           {"/run.json", "/"},
                                           {"/a.b/c/run.json", "/a.b/c"},
                                           {"./run.json", "."}};
    char directory[8];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        spar_folder_of(cases[i][0], directory, sizeof(directory));
        assert_string_equal(directory, cases[i][1]);
    }
    spar_folder_of("0123456789/run.json", directory, sizeof(directory));
    assert_string_equal(directory, "0123456");
}

static void only_a_directory_holds_files(void **state)
{
    (void)state;
    assert_int_equal(spar_folder_check("."), SPAR_OK);
    errno = 0;
    assert_int_equal(spar_folder_check("/dev/null"), SPAR_ERR_IO);
    assert_int_equal(errno, ENOTDIR);
    errno = 0;
    assert_int_equal(spar_folder_check("./not there"), SPAR_ERR_IO);
    assert_int_equal(errno, ENOENT);
}

/* The last test: there is no way back to the superuser, who may write
 * everywhere. */
static void others_directories_are_not_ours(void **state)
{
    (void)state;
    if (getuid() == 0 && setuid(65534) != 0) {
        skip();
    }
    errno = 0;
    assert_int_equal(spar_folder_check("/"), SPAR_ERR_IO);
    assert_int_equal(errno, EACCES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_has_a_directory),
        cmocka_unit_test(only_a_directory_holds_files),
        cmocka_unit_test(others_directories_are_not_ours)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
