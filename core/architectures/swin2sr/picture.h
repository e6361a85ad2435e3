/// How Swin2SR's features become a picture where they do so otherwise than SwinIR's.
#pragma once

#include "architectures/transformer.h"

#include <functional>

namespace sisr::swin2sr {

struct Layout {
    int groups = 0;
    int window = 8;
    bool has_bicubic = false;  ///< features of the bicubic enlargement are added
    bool has_details = false;  ///< more groups make what is added to the picture
    PictureEnd end;

    /// The authors' networks against JPEG's artifacts, which alone have windows of 7, take values
    /// up to 255; no tensor tells it.
    double range() const { return window == 7 ? 255 : 1; }

    /// The bicubic enlargement asks for the size that the picture has without padding.
    nn::Windows::Padding padding() const {
        return has_bicubic ? nn::Windows::Padding::none : nn::Windows::Padding::reflection;
    }
};

/// What the windows see of a picture that the executor does not pad.
nn::Value padded(nn::ProgramBuilder& builder, const Layout& layout, nn::Value picture);

/// picture: padded.
nn::Value picture_over_bicubic(nn::ProgramBuilder& builder, const Layout& layout,
                               nn::Value features, nn::Value picture);

/// groups: the further ones, to the norm that ends them.
nn::Value picture_with_details(nn::ProgramBuilder& builder, const Layout& layout,
                               nn::Value features,
                               const std::function<nn::Value(nn::Value)>& groups);

}  // namespace sisr::swin2sr
