/* The C interface of SISR, for hosts that load the library at run time.
 *
 * Every function returns a sisr_status and never throws; where `message` is taken, it may be NULL,
 * and otherwise receives on failure one line that names the subject and the reason, to be freed
 * with sisr_string_free (it may stay NULL when memory is out). Pixels are interleaved float32 rows,
 * top to bottom, nominal range 0 to 1, alpha not premultiplied. */
#ifndef SISR_SISR_H
#define SISR_SISR_H

/* A header of C: it cannot use C++'s words for these. */
/* NOLINTBEGIN(modernize-use-using,modernize-deprecated-headers) */
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define SISR_C_API __attribute__((visibility("default")))
#else
#define SISR_C_API
#endif

/* Raised when a function or structure changes so that old callers break. */
#define SISR_ABI_VERSION 1

typedef enum sisr_status {
    SISR_OK = 0,
    SISR_ERROR_USAGE = 1,
    SISR_ERROR_NOT_FOUND = 2,
    SISR_ERROR_IO = 3,
    SISR_ERROR_UNSUPPORTED = 4,
    SISR_ERROR_BAD_IMAGE = 5,
    SISR_ERROR_BAD_MODEL = 6,
    SISR_ERROR_OUT_OF_MEMORY = 7,
    SISR_CANCELLED = 8,
    SISR_ERROR_INTERNAL = 9
} sisr_status;

typedef enum sisr_encoding {
    SISR_ENCODING_DISPLAY = 0, /* encoded for a display, as sRGB is */
    SISR_ENCODING_LINEAR = 1   /* proportional to light */
} sisr_encoding;

typedef enum sisr_precision {
    SISR_PRECISION_AUTO = 0,
    SISR_PRECISION_FP32 = 1,
    SISR_PRECISION_BF16 = 2
} sisr_precision;

/* What a picture is, for models that hold weights of their own for some kinds. */
typedef enum sisr_input {
    SISR_INPUT_AUTO = 0, /* as it looks */
    SISR_INPUT_CLEAN = 1,
    SISR_INPUT_DAMAGED = 2,        /* by JPEG or noise */
    SISR_INPUT_HEAVILY_DAMAGED = 3 /* by much of it */
} sisr_input;

typedef struct sisr_image_shape {
    int width;
    int height;
    int colour_channels; /* 1 or 3 */
    int has_alpha;       /* 0 or 1 */
    sisr_encoding encoding;
} sisr_image_shape;

/* Set struct_size to sizeof(sisr_options) and the rest to 0 for the defaults. */
typedef struct sisr_options {
    size_t struct_size;
    double scale; /* 1 to 16; 0: the model's own. With a size it only chooses a family's member. */
    int width;    /* output size; 0: follows from the other; 0 and 0: from scale */
    int height;
    size_t memory_bytes; /* for tiles; 0: the library's default */
    int tile;            /* input pixels; 0: from memory_bytes */
    int threads;         /* 0: one per physical core */
    sisr_precision precision;
    double strength;  /* from fidelity (0) to detail (1), see has_strength; */
    int has_strength; /* 0: the model's own default */
    int colour_lock;  /* 0: the model's own default, 1: on, -1: off */
    sisr_input input;
} sisr_options;

/* Rows come out once each, in order: fill `rows` with rows y_begin to y_end - 1. Single values that
 * are NaN or infinite are taken as the mean of their neighbours; areas of them end the run.
 * Return 0, or anything else for failure, which ends the run with SISR_ERROR_IO. */
typedef struct sisr_source {
    sisr_image_shape shape;
    int (*read_rows)(void* user, int y_begin, int y_end, float* rows);
    void* user;
} sisr_source;

/* Rows go in once each, in order, in the shape that sisr_upscaler_output_shape tells.
 * Return as for sisr_source. */
typedef struct sisr_sink {
    int (*write_rows)(void* user, int y_begin, int y_end, const float* rows);
    void* user;
} sisr_sink;

/* fraction: 0 to 1. Return 0 to cancel. */
typedef int (*sisr_progress_fn)(void* user, double fraction);

typedef struct sisr_upscaler sisr_upscaler;

/* SISR_ABI_VERSION of the library that is loaded. */
SISR_C_API int sisr_abi_version(void);

/* model: an installed name, a family or a file; NULL: the default. options may be NULL. */
SISR_C_API sisr_status sisr_upscaler_create(const char* model, const sisr_options* options,
                                            sisr_upscaler** upscaler, char** message);

SISR_C_API sisr_status sisr_upscaler_output_shape(const sisr_upscaler* upscaler,
                                                  const sisr_image_shape* input,
                                                  sisr_image_shape* output, char** message);

/* progress may be NULL. One run at a time for each upscaler. */
SISR_C_API sisr_status sisr_upscaler_run(const sisr_upscaler* upscaler, const sisr_source* source,
                                         const sisr_sink* sink, sisr_progress_fn progress,
                                         void* progress_user, char** message);

/* What sisr_upscaler_run takes the source for; reads its first rows. A part of a picture may look
 * otherwise than the whole: who shows parts asks once and gives it as an option. */
SISR_C_API sisr_status sisr_upscaler_judge(const sisr_upscaler* upscaler, const sisr_source* source,
                                           sisr_input* input, char** message);

/* NULL is allowed. */
SISR_C_API void sisr_upscaler_destroy(sisr_upscaler* upscaler);

/* The names of the installed models, one a line. */
SISR_C_API sisr_status sisr_list_models(char** names, char** message);

/* What a model's file says of it; the texts last as long as the call that shows it. struct_size is
 * the library's: fields at or beyond it are not there. */
typedef struct sisr_model_info {
    size_t struct_size;
    const char* name;         /* for sisr_upscaler_create */
    const char* architecture; /* for example "srresnet" */
    const char* trained_for;  /* one sentence: which pictures it is meant for */
    const char* licence;
    const char* path;
    int scale;               /* output pixels per input pixel, each way */
    int has_strength;        /* 0 or 1: it can be chosen */
    double default_strength; /* 0 to 1 */
    int locks_colour;        /* 0 or 1: by default */
} sisr_model_info;

typedef void (*sisr_model_fn)(void* user, const sisr_model_info* info);

/* Calls `visit` for each installed model, ordered by name; it must not throw. */
SISR_C_API sisr_status sisr_visit_models(sisr_model_fn visit, void* user, char** message);

/* Calls `visit` for the model that sisr_upscaler_create takes by this name for options with this
 * scale; it must not throw. */
SISR_C_API sisr_status sisr_find_model(const char* model, double scale, sisr_model_fn visit,
                                       void* user, char** message);

/* NULL is allowed. */
SISR_C_API void sisr_string_free(char* text);

#ifdef __cplusplus
}
#endif

/* NOLINTEND(modernize-use-using,modernize-deprecated-headers) */
#endif
