/* As a host does that sets its user's locale before it opens the library: the shipped default model
 * loads, and makes the same pixels as before. */
#include <sisr/sisr.h>

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 40, HEIGHT = 24, SCALE = 4, VALUES = WIDTH * SCALE * HEIGHT * SCALE * 3 };

static int read_rows(void* user, int y_begin, int y_end, float* rows) {
    int i;
    (void)user;
    for (i = 0; i < (y_end - y_begin) * WIDTH * 3; ++i) {
        rows[i] = (float)((i + 31 * y_begin) % 97) / 97;
    }
    return 0;
}

static int write_rows(void* user, int y_begin, int y_end, const float* rows) {
    const size_t row = (size_t)WIDTH * SCALE * 3;
    memcpy((float*)user + (size_t)y_begin * row, rows,
           (size_t)(y_end - y_begin) * row * sizeof *rows);
    return 0;
}

/* Returns the pixels, to be freed; NULL after having told what went wrong. */
static float* enlarge(const char* model) {
    float* pixels = calloc(VALUES, sizeof *pixels);
    sisr_upscaler* upscaler = NULL;
    char* message = NULL;
    sisr_options options;
    sisr_source source;
    sisr_sink sink;
    int status;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    memset(&source, 0, sizeof source);
    source.shape.width = WIDTH;
    source.shape.height = HEIGHT;
    source.shape.colour_channels = 3;
    source.read_rows = read_rows;
    sink.write_rows = write_rows;
    sink.user = pixels;
    status = sisr_upscaler_create(model, &options, &upscaler, &message);
    if (status == SISR_OK) {
        status = sisr_upscaler_run(upscaler, &source, &sink, NULL, NULL, &message);
    }
    sisr_upscaler_destroy(upscaler);
    if (status == SISR_OK) return pixels;
    fprintf(stderr, "locale_test: %s\n", message == NULL ? "failed" : message);
    sisr_string_free(message);
    free(pixels);
    return NULL;
}

int main(int argc, char** argv) {
    const char* model = argc > 1 ? argv[1] : "photo-x4";
    const char* locale = setlocale(LC_ALL, "");
    float* there = NULL;
    float* plain = NULL;
    int same = 0;
    printf("locale_test: %s, decimal \"%s\"\n", locale == NULL ? "none" : locale,
           localeconv()->decimal_point);
    if (locale == NULL) return 1;
    there = enlarge(model);
    setlocale(LC_ALL, "C");
    plain = enlarge(model);
    same = there != NULL && plain != NULL && memcmp(there, plain, VALUES * sizeof *plain) == 0;
    puts(same ? "locale_test: the same pixels" : "locale_test: other pixels");
    free(there);
    free(plain);
    return same ? 0 : 1;
}
