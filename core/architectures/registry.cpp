#include "architectures/srresnet/srresnet.h"
#include "nn/network.h"

#include <sisr/error.h>

#include <array>

namespace sisr {

const LegacyArchitecture& detect_architecture(const Tensors& tensors) {
    // Adding an architecture: its folder, and its line here.
    static const std::array kArchitectures{&srresnet_architecture()};
    for (const LegacyArchitecture* architecture : kArchitectures) {
        if (architecture->detect(tensors)) return *architecture;
    }
    throw Error(ErrorKind::bad_model, "model",
                "its tensors belong to no architecture that is known");
}

}  // namespace sisr
