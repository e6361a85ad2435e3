/// Starting a network from the weights of a smaller one.
#pragma once

#include "formats/tensors.h"

namespace sisr::training {

/// The weights of a network that computes what a narrower or shallower one does (Chen et al. 2016,
/// "Net2Net"). `fresh`: the larger network's own initial weights; `known`: the smaller one's.
/// A tensor of equal shape is taken over. One with more channels keeps the known ones; its new
/// channels start as they are in `fresh` and reach the known ones by weights of zero. A residual
/// block that `known` lacks ends in zeros where there is another that it has, so that it starts as
/// the identity. What fits in no way stays fresh.
Tensors grow_weights(const Tensors& fresh, const Tensors& known);

/// Whether all of `known` would be taken over: it holds nothing that `fresh` has not, or has
/// smaller. Of networks of different scales the last layers may fit; the caller compares the
/// scales.
bool can_grow(const Tensors& fresh, const Tensors& known);

}  // namespace sisr::training
