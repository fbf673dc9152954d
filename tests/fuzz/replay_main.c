/* Gives files to a fuzz target, for builds without libFuzzer: replay FILE|DIRECTORY... */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INPUT_BYTES (4u * 1024 * 1024)

static unsigned replayed;

static int replay_file(const char *path)
{
    uint8_t *data = malloc(INPUT_BYTES);
    FILE *file = fopen(path, "rb");
    size_t size;

    if (!data || !file) {
        fprintf(stderr, "%s cannot be read\n", path);
        free(data);
        return 1;
    }
    size = fread(data, 1, INPUT_BYTES, file);
    fclose(file);
    if (size > 0) { /* an exact copy, so that a sanitizer sees the first byte read behind it */
        uint8_t *exact = realloc(data, size);

        data = exact ? exact : data;
    }
    LLVMFuzzerTestOneInput(data, size);
    free(data);
    replayed++;
    return 0;
}

static int replay(const char *path)
{
    struct dirent **found;
    struct stat facts;
    int failed = 0, n;

    if (stat(path, &facts) != 0 || !S_ISDIR(facts.st_mode))
        return replay_file(path);
    n = scandir(path, &found, NULL, alphasort);
    for (int at = 0; at < n; at++) {
        char inner[4096];

        snprintf(inner, sizeof(inner), "%s/%s", path, found[at]->d_name);
        if (found[at]->d_name[0] != '.')
            failed |= replay_file(inner);
        free(found[at]);
    }
    if (n >= 0)
        free(found);
    return failed || n < 0;
}

int main(int argc, char **argv)
{
    int failed = 0;

    for (int at = 1; at < argc; at++)
        failed |= replay(argv[at]);
    printf("%u inputs replayed\n", replayed);
    return failed || replayed == 0;
}
