/* From a host's GeglBuffer to the core library and back.
 *
 * Linked into each host's module. It loads libsisr at its first use, once, and never unloads it, so
 * a host that does not enlarge anything pays nothing. Errors come as GError with one line for the
 * user to read; nothing here ends the process. Safe to call from several threads at once, also
 * from within a progress callback. */
#ifndef SISR_BRIDGE_H
#define SISR_BRIDGE_H

#include <gegl.h>

G_BEGIN_DECLS

#define SISR_BRIDGE_MIN_SCALE 1.0
#define SISR_BRIDGE_MAX_SCALE 8.0
#define SISR_BRIDGE_DEFAULT_SCALE 4.0
#define SISR_BRIDGE_DEFAULT_MODEL "photo"
/* Strength: any negative value is the model's own. */
#define SISR_BRIDGE_MODEL_STRENGTH (-1.0)

typedef enum {
    SISR_BRIDGE_COLOR_LOCK_AUTO, /* the model's own default */
    SISR_BRIDGE_COLOR_LOCK_ON,
    SISR_BRIDGE_COLOR_LOCK_OFF
} SisrBridgeColorLock;

typedef enum {
    SISR_BRIDGE_PRECISION_AUTO, /* the fastest that the processor is good at */
    SISR_BRIDGE_PRECISION_FP32,
    SISR_BRIDGE_PRECISION_BF16
} SisrBridgePrecision;

typedef enum {
    SISR_BRIDGE_INPUT_AUTO, /* as the picture looks */
    SISR_BRIDGE_INPUT_CLEAN,
    SISR_BRIDGE_INPUT_DAMAGED,        /* by JPEG or noise */
    SISR_BRIDGE_INPUT_HEAVILY_DAMAGED /* by much of it */
} SisrBridgeInput;

typedef struct {
    /* An installed name ("photo-x4"), a family ("photo") or a file; NULL or "": the default. */
    const gchar* model;
    gdouble scale; /* SISR_BRIDGE_MIN_SCALE to SISR_BRIDGE_MAX_SCALE; with a size it only chooses
                      a family's member */
    gint width;    /* size of the result in pixels; 0: follows from the other one, or from scale */
    gint height;
    gdouble strength;               /* 0 (fidelity) to 1 (detail) for models that have both, or
                                       SISR_BRIDGE_MODEL_STRENGTH */
    SisrBridgeColorLock color_lock; /* brightness and hue follow the input's */
    gint memory_mb;                 /* for tiles; 0: the library's default */
    SisrBridgePrecision precision;
    gint tile;             /* side in input pixels; 0: from the memory */
    SisrBridgeInput input; /* for models that hold weights of their own for some kinds */
} SisrBridgeSettings;

/* Default model and everything else as the model has it, enlarged by SISR_BRIDGE_DEFAULT_SCALE. */
#define SISR_BRIDGE_SETTINGS_INIT                                                                 \
    {                                                                                             \
        NULL, SISR_BRIDGE_DEFAULT_SCALE, 0, 0, SISR_BRIDGE_MODEL_STRENGTH,                        \
            SISR_BRIDGE_COLOR_LOCK_AUTO, 0, SISR_BRIDGE_PRECISION_AUTO, 0, SISR_BRIDGE_INPUT_AUTO \
    }

typedef enum {
    SISR_BRIDGE_ERROR_CANCELLED,  /* the progress callback said so; not to be shown */
    SISR_BRIDGE_ERROR_NO_LIBRARY, /* libsisr is not there or does not load */
    SISR_BRIDGE_ERROR_MODEL,      /* unknown, missing or broken */
    SISR_BRIDGE_ERROR_SETTINGS,   /* a value out of its range */
    SISR_BRIDGE_ERROR_TOO_LARGE,  /* the result has no place: not in a buffer, nor on the disk */
    SISR_BRIDGE_ERROR_OUT_OF_MEMORY,
    SISR_BRIDGE_ERROR_FAILED /* anything else */
} SisrBridgeError;

#define SISR_BRIDGE_ERROR (sisr_bridge_error_quark())
GQuark sisr_bridge_error_quark(void);

/* fraction: 0 to 1, never decreasing. Called in the thread of sisr_bridge_upscale, for each tile.
 * Return FALSE to cancel. */
typedef gboolean (*SisrBridgeProgress)(gpointer user, gdouble fraction);

/* The size that sisr_bridge_upscale makes of an input. Arithmetic only: loads nothing. FALSE when
 * the settings are out of range or the result is too large to address. */
gboolean sisr_bridge_output_size(const SisrBridgeSettings* settings, gint input_width,
                                 gint input_height, gint* width, gint* height, GError** error);

/* The format in which pixels of `source` are handed over: float in its own colour space, RGB or
 * grey as it is, with or without alpha. What is neither (CMYK, palettes) becomes RGB. Linear light
 * stays linear, so that values beyond 0 and 1 survive. */
const Babl* sisr_bridge_working_format(const Babl* source);

/* Enlarges `input_area` (NULL: the extent) of `input` into `output`, whose formats may be any; the
 * result's upper left pixel is at (output_x, output_y), and what falls outside of the output's
 * extent is dropped. The buffers must differ. Rows stream through in bands: beside the buffers it
 * takes about memory_mb, whatever the size. After FALSE the output may be partly written.
 * settings: NULL for the defaults. progress may be NULL. */
gboolean sisr_bridge_upscale(GeglBuffer* input, const GeglRectangle* input_area, GeglBuffer* output,
                             gint output_x, gint output_y, const SisrBridgeSettings* settings,
                             SisrBridgeProgress progress, gpointer user, GError** error);

/* What sisr_bridge_upscale takes an area (NULL: the extent) for. A part of a picture may look
 * otherwise than the whole, so a preview of parts asks for the whole and sets settings.input. */
gboolean sisr_bridge_judge(GeglBuffer* input, const GeglRectangle* input_area,
                           const SisrBridgeSettings* settings, SisrBridgeInput* kind,
                           GError** error);

/* Whether GEGL has room for so many bytes of pixels, for hosts that hold more than one result.
 * sisr_bridge_upscale looks for the room of its own. */
gboolean sisr_bridge_has_room(guint64 bytes, GError** error);

typedef struct {
    gchar* name;        /* for SisrBridgeSettings.model */
    gchar* trained_for; /* one sentence: which pictures it is meant for */
    gint scale;         /* its own; other scales are resampled from it */
    gboolean has_strength;
    gdouble default_strength; /* 0 to 1 */
    gboolean locks_colour;    /* by default */
    gboolean is_users;        /* a file of the user's own folder */
} SisrBridgeModel;

/* Where users put models of their own, to be freed with g_free. It may not be there yet. */
gchar* sisr_bridge_user_models(void);

/* The installed models by name: SisrBridgeModel *, to be freed with g_ptr_array_unref. NULL on
 * error. Loads the library. */
GPtrArray* sisr_bridge_list_models(GError** error);

/* The model that sisr_bridge_upscale takes by this name (NULL or "": the default) at this scale, to
 * be freed with sisr_bridge_model_free. NULL on error. Loads the library. */
SisrBridgeModel* sisr_bridge_find_model(const gchar* model, gdouble scale, GError** error);
void sisr_bridge_model_free(SisrBridgeModel* model);

G_END_DECLS

#endif
