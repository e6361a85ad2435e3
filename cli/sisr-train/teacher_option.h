/// --teacher and --teacher-share, which both stages have.
#pragma once

#include "common/option_values.h"
#include "objectives/teacher.h"
#include "optimise/network_spec.h"

#include <boost/program_options.hpp>

#include <sisr/model.h>

#include <optional>

namespace sisr::cli {

void add_teacher_options(boost::program_options::options_description& options);

class TeacherOption {
public:
    /// Throws Error{usage} for a model that does not enlarge as `network` does.
    TeacherOption(const OptionValues& values, const training::NetworkSpec& network);

    /// Without a network where no teacher was asked for.
    training::Teacher load(torch::Device device, bool is_bf16) const;

private:
    std::optional<Model> model_;
    double share_;
};

}  // namespace sisr::cli
