#include "capi/guard.h"
#include "image/finite_rows.h"

#include <sisr/model.h>
#include <sisr/upscaler.h>

#include <algorithm>

/// The opaque handle.
struct sisr_upscaler {
    sisr::Upscaler upscaler;
};

namespace sisr::capi {
namespace {

template <class T>
T& require(T* pointer, const char* name) {
    if (pointer == nullptr) throw Error(ErrorKind::usage, name, "must not be null");
    return *pointer;
}

ImageShape to_shape(const sisr_image_shape& shape) {
    return {shape.width, shape.height, shape.colour_channels, shape.has_alpha != 0,
            shape.encoding == SISR_ENCODING_LINEAR ? Encoding::linear : Encoding::display};
}

sisr_image_shape from_shape(const ImageShape& shape) {
    return {shape.width, shape.height, shape.colour_channels, shape.has_alpha ? 1 : 0,
            shape.encoding == Encoding::linear ? SISR_ENCODING_LINEAR : SISR_ENCODING_DISPLAY};
}

UpscaleOptions to_options(const sisr_options* given) {
    UpscaleOptions options;
    if (given == nullptr) return options;
    // An older caller's structure is shorter; what it does not know stays 0.
    sisr_options known{};
    std::memcpy(&known, given, std::min(given->struct_size, sizeof known));
    options.scale = known.scale;
    options.size = {known.width, known.height};
    if (known.memory_bytes != 0) options.memory_bytes = known.memory_bytes;
    options.tile = known.tile;
    options.threads = known.threads;
    if (known.colour_lock != 0) options.colour_lock = known.colour_lock > 0;
    if (known.has_strength != 0) options.strength = known.strength;
    switch (known.precision) {
        case SISR_PRECISION_FP32: options.precision = Precision::fp32; break;
        case SISR_PRECISION_BF16: options.precision = Precision::bf16; break;
        default: options.precision = Precision::automatic; break;
    }
    switch (known.input) {
        case SISR_INPUT_CLEAN: options.input = InputKind::clean; break;
        case SISR_INPUT_DAMAGED: options.input = InputKind::damaged; break;
        case SISR_INPUT_HEAVILY_DAMAGED: options.input = InputKind::heavily_damaged; break;
        default: options.input = InputKind::automatic; break;
    }
    return options;
}

sisr_input from_input(InputKind input) {
    switch (input) {
        case InputKind::automatic: return SISR_INPUT_AUTO;
        case InputKind::clean: return SISR_INPUT_CLEAN;
        case InputKind::damaged: return SISR_INPUT_DAMAGED;
        case InputKind::heavily_damaged: return SISR_INPUT_HEAVILY_DAMAGED;
    }
    return SISR_INPUT_AUTO;
}

sisr::Model named_model(const char* name, double scale) {
    return sisr::find_model(name == nullptr ? sisr::default_model_name() : name, scale);
}

void show(const sisr::ModelInfo& info, sisr_model_fn visit, void* user) {
    const std::string path = info.path.string();
    const sisr_model_info shown{sizeof shown,
                                info.name.c_str(),
                                info.architecture.c_str(),
                                info.trained_for.c_str(),
                                info.licence.c_str(),
                                path.c_str(),
                                info.scale,
                                info.has_strength ? 1 : 0,
                                info.default_strength,
                                info.locks_colour ? 1 : 0};
    visit(user, &shown);
}

class CallbackSource final : public RowSource {
public:
    explicit CallbackSource(const sisr_source& source) : source_(source) {}
    ImageShape shape() const override { return to_shape(source_.shape); }
    void read_rows(int y_begin, int y_end, float* out) override {
        if (source_.read_rows(source_.user, y_begin, y_end, out) != 0) {
            throw Error(ErrorKind::io, "source", "the caller could not read its rows");
        }
    }

private:
    const sisr_source& source_;
};

class CallbackSink final : public RowSink {
public:
    explicit CallbackSink(const sisr_sink& sink) : sink_(sink) {}
    void begin(const ImageShape& /*shape*/) override {}
    void write_rows(int y_begin, int y_end, const float* rows) override {
        if (sink_.write_rows(sink_.user, y_begin, y_end, rows) != 0) {
            throw Error(ErrorKind::io, "sink", "the caller could not write its rows");
        }
    }
    void finish() override {}

private:
    const sisr_sink& sink_;
};

class CallbackProgress final : public Progress {
public:
    CallbackProgress(sisr_progress_fn function, void* user) : function_(function), user_(user) {}
    bool report(double fraction) override {
        return function_ == nullptr || function_(user_, fraction) != 0;
    }

private:
    sisr_progress_fn function_;
    void* user_;
};

}  // namespace

sisr_status to_status(ErrorKind kind) noexcept {
    switch (kind) {
        case ErrorKind::usage: return SISR_ERROR_USAGE;
        case ErrorKind::not_found: return SISR_ERROR_NOT_FOUND;
        case ErrorKind::io:
        case ErrorKind::no_space: return SISR_ERROR_IO;
        case ErrorKind::unsupported: return SISR_ERROR_UNSUPPORTED;
        case ErrorKind::bad_image: return SISR_ERROR_BAD_IMAGE;
        case ErrorKind::bad_model: return SISR_ERROR_BAD_MODEL;
        case ErrorKind::out_of_memory: return SISR_ERROR_OUT_OF_MEMORY;
        case ErrorKind::cancelled: return SISR_CANCELLED;
        case ErrorKind::internal: return SISR_ERROR_INTERNAL;
    }
    return SISR_ERROR_INTERNAL;
}

}  // namespace sisr::capi

using namespace sisr::capi;

int sisr_abi_version(void) { return SISR_ABI_VERSION; }

sisr_status sisr_upscaler_create(const char* model, const sisr_options* options,
                                 sisr_upscaler** upscaler, char** message) {
    return guard(message, [&] {
        require(upscaler, "upscaler") = nullptr;
        const sisr::UpscaleOptions used = to_options(options);
        *upscaler = new sisr_upscaler{{named_model(model, used.scale), used}};
    });
}

sisr_status sisr_upscaler_output_shape(const sisr_upscaler* upscaler, const sisr_image_shape* input,
                                       sisr_image_shape* output, char** message) {
    return guard(message, [&] {
        const auto& engine = require(upscaler, "upscaler").upscaler;
        require(output, "output") =
            from_shape(engine.output_shape(to_shape(require(input, "input"))));
    });
}

sisr_status sisr_upscaler_run(const sisr_upscaler* upscaler, const sisr_source* source,
                              const sisr_sink* sink, sisr_progress_fn progress, void* progress_user,
                              char** message) {
    return guard(message, [&] {
        const auto& engine = require(upscaler, "upscaler").upscaler;
        require(require(source, "source").read_rows, "source.read_rows");
        require(require(sink, "sink").write_rows, "sink.write_rows");
        CallbackSource callback(*source);
        sisr::FiniteRows rows_in(callback, "the picture");
        CallbackSink rows_out(*sink);
        CallbackProgress reporter(progress, progress_user);
        engine.run(rows_in, rows_out, reporter);
    });
}

sisr_status sisr_upscaler_judge(const sisr_upscaler* upscaler, const sisr_source* source,
                                sisr_input* input, char** message) {
    return guard(message, [&] {
        const auto& engine = require(upscaler, "upscaler").upscaler;
        require(require(source, "source").read_rows, "source.read_rows");
        CallbackSource callback(*source);
        sisr::FiniteRows rows(callback, "the picture");
        require(input, "input") = from_input(engine.judge(rows));
    });
}

void sisr_upscaler_destroy(sisr_upscaler* upscaler) { delete upscaler; }

sisr_status sisr_list_models(char** names, char** message) {
    return guard(message, [&] {
        require(names, "names") = nullptr;
        std::string lines;
        for (const auto& info : sisr::list_models()) lines += info.name + "\n";
        *names = copy_string(lines.c_str());
        if (*names == nullptr) throw std::bad_alloc();
    });
}

sisr_status sisr_visit_models(sisr_model_fn visit, void* user, char** message) {
    return guard(message, [&] {
        require(visit, "visit");
        for (const auto& info : sisr::list_models()) show(info, visit, user);
    });
}

sisr_status sisr_find_model(const char* model, double scale, sisr_model_fn visit, void* user,
                            char** message) {
    return guard(message, [&] {
        require(visit, "visit");
        show(named_model(model, scale).info(), visit, user);
    });
}

void sisr_string_free(char* text) { delete[] text; }
