/// The procedure for GIMP 2.10.
#include "run.h"

#include <iterator>
#include <libgimp/gimp.h>

namespace sisr::gimp {
namespace {

// The procedure's arguments, in this order.
enum Argument {
    kRunMode,
    kImage,
    kDrawable,
    kMode,
    kModel,
    kScale,
    kWidth,
    kHeight,
    kStrength,
    kColourLock,
    kKeepPrintSize,
    kInputIs,
    kArgumentCount
};

void query() {
    const auto text = [](const char* constant) { return const_cast<gchar*>(constant); };
    const GimpParamDef arguments[kArgumentCount] = {
        {GIMP_PDB_INT32, text("run-mode"),
         text("The run mode { RUN-INTERACTIVE (0), RUN-NONINTERACTIVE (1), "
              "RUN-WITH-LAST-VALS (2) }")},
        {GIMP_PDB_IMAGE, text("image"), text("The image")},
        {GIMP_PDB_DRAWABLE, text("drawable"), text("The layer, for modes 1 and 2")},
        {GIMP_PDB_INT32, text("mode"),
         text("What to enlarge { whole image (0), layer in place (1), layer to a new image (2) }")},
        {GIMP_PDB_STRING, text("model"),
         text("An installed model's name, its family's or a file; \"\" is the default")},
        {GIMP_PDB_FLOAT, text("scale"),
         text("How many times larger each way (1 to 8), where width and height are 0")},
        {GIMP_PDB_INT32, text("width"), text("Of the result, in pixels; 0: follows")},
        {GIMP_PDB_INT32, text("height"), text("Of the result, in pixels; 0: follows")},
        {GIMP_PDB_FLOAT, text("strength"),
         text("From fidelity (0) to detail (1), for models that have both; -1: the model's own")},
        {GIMP_PDB_INT32, text("color-lock"),
         text("Brightness and hue stay the original's { as the model needs it (0), on (1), off "
              "(2) }")},
        {GIMP_PDB_INT32, text("keep-print-size"),
         text("Whole image: scale the resolution with the pixels { TRUE, FALSE }")},
        {GIMP_PDB_INT32, text("input-is"),
         text("For models that hold weights of their own for some kinds of pictures { as it looks "
              "(0), clean (1), damaged by JPEG or noise (2), damaged by much of it (3) }")}};
    const GimpParamDef results[] = {
        {GIMP_PDB_IMAGE, text("new-image"), text("The image that holds the result")}};
    gimp_install_procedure(kProcedure, kBlurb, kHelp, kAuthors, kAuthors, kYear, kMenuLabel,
                           "RGB*, GRAY*, INDEXED*", GIMP_PLUGIN, kArgumentCount,
                           static_cast<gint>(std::size(results)), arguments, results);
    gimp_plugin_menu_register(kProcedure, kMenuPath);
    gimp_plugin_menu_register(kProcedure, "<Image>/Image/Scale");
}

Settings settings_from_arguments(const GimpParam* arguments) {
    Settings settings;
    const int mode = arguments[kMode].data.d_int32;
    const int lock = arguments[kColourLock].data.d_int32;
    const int input = arguments[kInputIs].data.d_int32;
    if (mode < 0 || mode >= static_cast<int>(std::size(kModeNames))) {
        throw Failure("mode: must be 0, 1 or 2");
    }
    if (lock < 0 || lock >= static_cast<int>(std::size(kColourLockNames))) {
        throw Failure("color-lock: must be 0, 1 or 2");
    }
    if (input < 0 || input >= static_cast<int>(std::size(kInputNames))) {
        throw Failure("input-is: must be 0, 1, 2 or 3");
    }
    settings.mode = static_cast<Mode>(mode);
    const gchar* model = arguments[kModel].data.d_string;
    settings.model = model == nullptr ? "" : model;
    settings.scale = arguments[kScale].data.d_float;
    settings.width = arguments[kWidth].data.d_int32;
    settings.height = arguments[kHeight].data.d_int32;
    settings.strength = arguments[kStrength].data.d_float;
    settings.colour_lock = static_cast<SisrBridgeColorLock>(lock);
    settings.keep_print_size = arguments[kKeepPrintSize].data.d_int32 != 0;
    settings.input = static_cast<SisrBridgeInput>(input);
    return settings;
}

Outcome answer(gint count, const GimpParam* arguments) {
    const auto run_mode = static_cast<GimpRunMode>(arguments[kRunMode].data.d_int32);
    Selection selection{arguments[kImage].data.d_image, {}};
    if (const Id drawable = arguments[kDrawable].data.d_drawable; drawable >= 0) {
        selection.drawables.push_back(drawable);
    }
    if (run_mode != GIMP_RUN_NONINTERACTIVE) {
        Settings settings;
        return run(selection, settings,
                   run_mode == GIMP_RUN_INTERACTIVE ? Ask::user : Ask::last_time);
    }
    if (count != kArgumentCount) return {Outcome::Kind::failed, -1, "Wrong number of arguments"};
    try {
        Settings settings = settings_from_arguments(arguments);
        return run(selection, settings, Ask::nobody);
    } catch (const Failure& failure) {
        return {Outcome::Kind::failed, -1, failure.what()};
    }
}

void run_procedure(const gchar* /*name*/, gint count, const GimpParam* arguments,
                   gint* result_count, GimpParam** results) {
    // libgimp reads them after this function has returned.
    static GimpParam values[2];
    static std::string message;
    gegl_init(nullptr, nullptr);
    take_errors_over();
    Outcome outcome = answer(count, arguments);
    *results = values;
    values[0].type = GIMP_PDB_STATUS;
    *result_count = 1;
    switch (outcome.kind) {
        case Outcome::Kind::done:
            values[0].data.d_status = GIMP_PDB_SUCCESS;
            values[1].type = GIMP_PDB_IMAGE;
            values[1].data.d_image = outcome.image;
            *result_count = 2;
            break;
        case Outcome::Kind::cancelled: values[0].data.d_status = GIMP_PDB_CANCEL; break;
        case Outcome::Kind::failed:
            message = std::move(outcome.message);
            values[0].data.d_status = GIMP_PDB_EXECUTION_ERROR;
            values[1].type = GIMP_PDB_STRING;
            values[1].data.d_string = message.data();
            *result_count = 2;
            break;
    }
}

}  // namespace
}  // namespace sisr::gimp

const GimpPlugInInfo PLUG_IN_INFO = {nullptr, nullptr, sisr::gimp::query,
                                     sisr::gimp::run_procedure};

MAIN()
