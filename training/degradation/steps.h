/// The steps that a degradation's text may name.
#pragma once

#include "degradation/degradation.h"

#include <string>
#include <vector>

namespace sisr::training {

/// A step from its name and arguments. Throws Error{usage} about `token`, the step as written.
Degradation::Step make_step(const std::string& name, const std::vector<std::string>& arguments,
                            const std::string& token);

/// Reduces to the target size unless it is reached.
void reduce_to_target(Degradation::Canvas& canvas);

/// Clips to [0,1] and rounds to 255ths.
void round_to_8_bits(Image& image);

}  // namespace sisr::training
