/// Networks of the published architectures with weights to begin a training from.
#pragma once

#include "formats/tensors.h"

#include <string>
#include <vector>

namespace sisr::training {

struct NewNetwork {
    std::string architecture;  ///< "srvgg", "rrdb", "span" or "edsr"
    int scale = 4;             ///< 1 to 4; of rrdb 1, 2 or 4
    int colour_channels = 3;
    int channels = 0;  ///< 0: as published
    int blocks = 0;    ///< residual blocks, of srvgg layers; 0: as published
};

/// "srvgg", "rrdb", ...
const std::vector<std::string>& new_architectures();

/// By the names of their published files (BasicSR's): normal weights of deviation
/// sqrt(2 / inputs) (He et al. 2015), a tenth of it where that is what the residual branches of
/// ESRGAN ask for (Wang et al. 2018, section 3.1); biases 0, slopes 0.25. Drawn by torch's own
/// generator. Throws Error{usage} about "--scale" or "--blocks" for sizes that an architecture has
/// not.
Tensors new_weights(const NewNetwork& network);

}  // namespace sisr::training
