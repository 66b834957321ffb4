/* replay.c - runs a fuzz target over files and folders instead of libFuzzer. Each input is named before it is run, so
 * that the last name printed is that of an input that crashes; one that takes longer than MAX_SECONDS fails. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MAX_SECONDS = 5 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size_bytes);

static int n_inputs, n_failures;

static void run_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END)) {
        perror(path);
        n_failures++;
        return;
    }
    size_t n = (size_t)ftell(file);
    uint8_t *bytes = malloc(n ? n : 1); /* of exactly this size, so that reading past it is seen */
    rewind(file);
    if (!bytes || fread(bytes, 1, n, file) != n) {
        perror(path);
        exit(1);
    }
    fclose(file);
    printf("%s\n", path);
    fflush(stdout);
    time_t start = time(NULL);
    LLVMFuzzerTestOneInput(bytes, n);
    if (time(NULL) - start > MAX_SECONDS) {
        printf("took more than %d seconds\n", MAX_SECONDS);
        n_failures++;
    }
    free(bytes);
    n_inputs++;
}

static void run_folder(const char *path)
{
    struct dirent **entries;
    int n = scandir(path, &entries, NULL, alphasort);
    if (n < 0) {
        run_file(path);
        return;
    }
    for (int i = 0; i < n; i++) {
        char file[4096];
        snprintf(file, sizeof(file), "%s/%s", path, entries[i]->d_name);
        if (entries[i]->d_name[0] != '.') {
            run_file(file);
        }
        free(entries[i]);
    }
    free(entries);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        run_folder(argv[i]);
    }
    printf("%d inputs, %d failures\n", n_inputs, n_failures);
    return n_failures || !n_inputs;
}
