#include "teacher_option.h"

#include "training_options.h"

#include <sisr/error.h>

namespace sisr::cli {

void add_teacher_options(boost::program_options::options_description& options) {
    // clang-format off
    options.add_options()
        ("teacher", text_option("FILE"),
         "model whose results, on inputs flipped and turned, are a part of the target")
        ("teacher-share", preset_option("0.8"), "that part, 0 to 1");
    // clang-format on
}

TeacherOption::TeacherOption(const OptionValues& values, const training::NetworkSpec& network)
    : share_(values.number<double>("teacher-share", 0, 1)) {
    if (!values.has("teacher")) return;
    model_ = at_strength(find_model(values.text("teacher")), std::nullopt);
    const ModelInfo& info = model_->info();
    if (info.scale == network.scale && info.colour_channels == network.colour_channels) return;
    throw Error(ErrorKind::usage, values.text("teacher"),
                "is no teacher for this network: it enlarges " + std::to_string(info.scale) +
                    " times, " + std::to_string(info.colour_channels) + " colour channels");
}

training::Teacher TeacherOption::load(torch::Device device, bool is_bf16) const {
    training::Teacher teacher;
    teacher.share = share_;
    if (model_) {
        teacher.network =
            make_network(*model_, device, is_bf16 ? torch::kBFloat16 : torch::kFloat32);
    }
    return teacher;
}

}  // namespace sisr::cli
