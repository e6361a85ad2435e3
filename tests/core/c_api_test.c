/* Compiled as C: proof that the header is C. */
#include <sisr/sisr.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                    \
    do {                                                                    \
        if (!(condition)) {                                                 \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
            return 1;                                                       \
        }                                                                   \
    } while (0)

enum { WIDTH = 20, HEIGHT = 12, SCALE = 4 };

typedef struct Buffers {
    int next_in, next_out;
    double sum;
    int fail;
} Buffers;

static int read_rows(void* user, int y_begin, int y_end, float* rows) {
    Buffers* buffers = user;
    int i;
    if (buffers->fail || y_begin != buffers->next_in) return 1;
    buffers->next_in = y_end;
    for (i = 0; i < (y_end - y_begin) * WIDTH * 3; ++i) rows[i] = (float)(i % 7) / 7;
    return 0;
}

static int write_rows(void* user, int y_begin, int y_end, const float* rows) {
    Buffers* buffers = user;
    int i;
    if (y_begin != buffers->next_out) return 1;
    buffers->next_out = y_end;
    for (i = 0; i < (y_end - y_begin) * WIDTH * SCALE * 3; ++i) buffers->sum += rows[i];
    return 0;
}

static int cancel(void* user, double fraction) {
    (void)user;
    (void)fraction;
    return 0;
}

int main(int argc, char** argv) {
    sisr_upscaler* upscaler = NULL;
    char* message = NULL;
    sisr_options options;
    sisr_source source;
    sisr_sink sink;
    sisr_input input = SISR_INPUT_AUTO;
    sisr_image_shape result;
    Buffers buffers;
    CHECK(argc == 2);
    CHECK(sisr_abi_version() == SISR_ABI_VERSION);

    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    CHECK(sisr_upscaler_create("/no/such/model.safetensors", &options, &upscaler, &message) ==
          SISR_ERROR_NOT_FOUND);
    CHECK(message != NULL && strstr(message, "/no/such/model.safetensors") != NULL);
    sisr_string_free(message);
    CHECK(upscaler == NULL);
    options.scale = 1000;
    CHECK(sisr_upscaler_create(argv[1], &options, &upscaler, NULL) == SISR_ERROR_USAGE);
    CHECK(sisr_upscaler_create(argv[1], NULL, NULL, NULL) == SISR_ERROR_USAGE);

    options.scale = 0;
    CHECK(sisr_upscaler_create(argv[1], &options, &upscaler, &message) == SISR_OK);
    CHECK(message == NULL);
    memset(&source, 0, sizeof source);
    source.shape.width = WIDTH;
    source.shape.height = HEIGHT;
    source.shape.colour_channels = 3;
    source.read_rows = read_rows;
    source.user = &buffers;
    sink.write_rows = write_rows;
    sink.user = &buffers;
    CHECK(sisr_upscaler_output_shape(upscaler, &source.shape, &result, NULL) == SISR_OK);
    CHECK(result.width == WIDTH * SCALE && result.height == HEIGHT * SCALE);

    memset(&buffers, 0, sizeof buffers);
    CHECK(sisr_upscaler_run(upscaler, &source, &sink, NULL, NULL, &message) == SISR_OK);
    CHECK(buffers.next_in == HEIGHT && buffers.next_out == HEIGHT * SCALE);
    CHECK(buffers.sum > 0);

    memset(&buffers, 0, sizeof buffers);
    CHECK(sisr_upscaler_judge(upscaler, &source, &input, &message) == SISR_OK);
    CHECK(input == SISR_INPUT_DAMAGED);
    CHECK(sisr_upscaler_judge(upscaler, &source, NULL, NULL) == SISR_ERROR_USAGE);
    CHECK(sisr_upscaler_judge(NULL, &source, &input, NULL) == SISR_ERROR_USAGE);

    memset(&buffers, 0, sizeof buffers);
    CHECK(sisr_upscaler_run(upscaler, &source, &sink, cancel, NULL, NULL) == SISR_CANCELLED);
    buffers.fail = 1;
    CHECK(sisr_upscaler_run(upscaler, &source, &sink, NULL, NULL, &message) == SISR_ERROR_IO);
    CHECK(message != NULL);
    sisr_string_free(message);
    source.shape.width = 0;
    CHECK(sisr_upscaler_run(upscaler, &source, &sink, NULL, NULL, NULL) == SISR_ERROR_USAGE);
    source.read_rows = NULL;
    CHECK(sisr_upscaler_run(upscaler, &source, &sink, NULL, NULL, NULL) == SISR_ERROR_USAGE);
    CHECK(sisr_upscaler_run(NULL, &source, &sink, NULL, NULL, NULL) == SISR_ERROR_USAGE);

    sisr_upscaler_destroy(upscaler);
    options.input = SISR_INPUT_CLEAN;
    CHECK(sisr_upscaler_create(argv[1], &options, &upscaler, NULL) == SISR_OK);
    source.shape.width = WIDTH;
    source.read_rows = read_rows;
    CHECK(sisr_upscaler_judge(upscaler, &source, &input, NULL) == SISR_OK);
    CHECK(input == SISR_INPUT_CLEAN);

    sisr_upscaler_destroy(upscaler);
    sisr_upscaler_destroy(NULL);
    sisr_string_free(NULL);
    puts("c_api_test: all passed");
    return 0;
}
