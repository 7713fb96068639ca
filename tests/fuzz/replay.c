/* Runs a fuzz target on each file that is named: a test of the corpus where
 * there is no fuzzer. Ends by abort on a finding. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MOST 65536

int main(int argc, char **argv)
{
    int i;

    for (i = 1; i < argc; i++) {
        FILE *file = fopen(argv[i], "rb");
        uint8_t *data = malloc(MOST);
        size_t size;

        if (file == NULL || data == NULL) {
            perror(argv[i]);
            return 1;
        }
        size = fread(data, 1, MOST, file);
        fclose(file);
        LLVMFuzzerTestOneInput(data, size);
        free(data);
    }
    printf("%d files\n", argc - 1);
    return argc > 1 ? 0 : 1;
}
