#include "architectures/registry.h"

#include "architectures/atd/atd.h"
#include "architectures/compact/compact.h"
#include "architectures/dat/dat.h"
#include "architectures/dncnn/dncnn.h"
#include "architectures/drct/drct.h"
#include "architectures/edsr/edsr.h"
#include "architectures/esrgan/esrgan.h"
#include "architectures/hat/hat.h"
#include "architectures/mosr/mosr.h"
#include "architectures/msrresnet/msrresnet.h"
#include "architectures/ncnn/ncnn.h"
#include "architectures/omnisr/omnisr.h"
#include "architectures/onnx/onnx.h"
#include "architectures/plksr/plksr.h"
#include "architectures/rcan/rcan.h"
#include "architectures/realcugan/realcugan.h"
#include "architectures/rgt/rgt.h"
#include "architectures/safmn/safmn.h"
#include "architectures/shape_reader.h"
#include "architectures/span/span.h"
#include "architectures/srformer/srformer.h"
#include "architectures/srgan/srgan.h"
#include "architectures/srresnet/program.h"
#include "architectures/srresnet/srresnet.h"
#include "architectures/swiftsrgan/swiftsrgan.h"
#include "architectures/swin2sr/swin2sr.h"
#include "architectures/swinir/swinir.h"
#include "nn/network.h"

#include <sisr/error.h>

#include <algorithm>
#include <array>

namespace sisr {
namespace {

/// Grey, colour, or colour with a mask.
bool is_picture(int channels) { return channels == 1 || channels == 3 || channels == 4; }

void check(const Spec& spec) {
    for (const int channels : {spec.input_channels, spec.output_channels}) {
        if (!is_picture(channels)) {
            refuse_model("takes or makes " + std::to_string(channels) + " channels, not 1, 3 or 4");
        }
    }
    if (spec.scale > 16) refuse_model("its scale is above 16");
}

}  // namespace

const std::vector<const Architecture*>& architectures() {
    // Adding an architecture: its folder, and its line here.
    static const std::vector<const Architecture*> kArchitectures{
        &srresnet_program(),       &esrgan_architecture(),  &compact_architecture(),
        &span_architecture(),      &plksr_architecture(),   &realplksr_architecture(),
        &mosr_architecture(),      &rcan_architecture(),    &edsr_architecture(),
        &msrresnet_architecture(), &srgan_architecture(),   &swiftsrgan_architecture(),
        &dncnn_architecture(),     &swinir_architecture(),  &ncnn_architecture(),
        &onnx_architecture(),      &omnisr_architecture(),  &hat_architecture(),
        &dat_architecture(),       &rgt_architecture(),     &atd_architecture(),
        &realcugan_architecture(), &safmn_architecture(),   &srformer_architecture(),
        &drct_architecture(),      &swin2sr_architecture(),
    };
    return kArchitectures;
}

std::optional<FoundArchitecture> find_architecture(const Shapes& shapes, const Metadata& metadata) {
    for (const Architecture* architecture : architectures()) {
        if (auto spec = architecture->read(shapes, metadata)) {
            check(*spec);
            return FoundArchitecture{architecture, *spec};
        }
    }
    return std::nullopt;
}

const LegacyArchitecture& detect_architecture(const Tensors& tensors) {
    static const std::array kArchitectures{&srresnet_architecture()};
    for (const LegacyArchitecture* architecture : kArchitectures) {
        if (architecture->detect(tensors)) return *architecture;
    }
    throw Error(ErrorKind::bad_model, "model",
                "its tensors belong to no architecture that is known");
}

}  // namespace sisr
