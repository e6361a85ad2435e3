/* enlarge-ppm < IN.ppm > OUT.ppm: a binary portable pixmap of 8 bits, row by row. */
#include <sisr/sisr.h>

#include <math.h>
#include <stdio.h>

static int width, out_width;

static int read_rows(void* user, int y_begin, int y_end, float* rows) {
    long i, count = (long)(y_end - y_begin) * width * 3;
    for (i = 0; i < count; ++i) rows[i] = (float)getc((FILE*)user) / 255;
    return feof((FILE*)user);
}

static int write_rows(void* user, int y_begin, int y_end, const float* rows) {
    long i, count = (long)(y_end - y_begin) * out_width * 3;
    for (i = 0; i < count; ++i) putc((int)lrintf(255 * fminf(1, fmaxf(0, rows[i]))), (FILE*)user);
    return ferror((FILE*)user);
}

int main(void) {
    sisr_image_shape shape = {0, 0, 3, 0, SISR_ENCODING_DISPLAY}, result;
    sisr_upscaler* upscaler = NULL;
    sisr_source source = {shape, read_rows, stdin};
    sisr_sink sink = {write_rows, stdout};
    char* message = NULL;
    sisr_status status;
    if (scanf("P6 %d %d 255", &width, &shape.height) != 2 || getchar() == EOF) {
        fputs("enlarge-ppm: the input is no PPM of 8 bits\n", stderr);
        return 1;
    }
    shape.width = width;
    source.shape = shape;
    status = sisr_upscaler_create(NULL, NULL, &upscaler, &message);
    if (status == SISR_OK) status = sisr_upscaler_output_shape(upscaler, &shape, &result, &message);
    if (status == SISR_OK) {
        out_width = result.width;
        printf("P6\n%d %d\n255\n", result.width, result.height);
        status = sisr_upscaler_run(upscaler, &source, &sink, NULL, NULL, &message);
    }
    if (status != SISR_OK) fprintf(stderr, "enlarge-ppm: %s\n", message ? message : "no memory");
    sisr_string_free(message);
    sisr_upscaler_destroy(upscaler);
    return status != SISR_OK;
}
