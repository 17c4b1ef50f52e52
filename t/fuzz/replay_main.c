/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/*
 * Runs a fuzz target over every file named as an argument, without libFuzzer.
 * Ends with 1 if a file can't be read, or if there is none.
 */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>


#define MAX_FILE  (1024 * 1024)


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


int
main(int argc, char **argv)
{
    int       i;
    FILE     *file;
    size_t    size;
    uint8_t  *data, *copy;

    data = malloc(MAX_FILE);

    if (data == NULL || argc < 2) {
        fprintf(stderr, "usage: %s file ...\n", argv[0]);
        free(data);
        return 1;
    }

    for (i = 1; i < argc; i++) {
        file = fopen(argv[i], "rb");

        if (file == NULL) {
            perror(argv[i]);
            free(data);
            return 1;
        }

        size = fread(data, 1, MAX_FILE, file);
        (void) fclose(file);

        /* exactly as large, so that a sanitizer sees one byte too many */

        copy = malloc(size ? size : 1);

        if (copy == NULL) {
            free(data);
            return 1;
        }

        for (size_t n = 0; n < size; n++) {
            copy[n] = data[n];
        }

        (void) LLVMFuzzerTestOneInput(copy, size);
        free(copy);
    }

    printf("%d inputs\n", argc - 1);
    free(data);

    return 0;
}
