/// From weights in training to a model file: the only bridge to what inference reads.
#pragma once

#include "formats/tensors.h"
#include "model/model_impl.h"
#include "optimise/network_spec.h"

#include <filesystem>
#include <string>

namespace sisr::training {

struct ModelCard {
    std::string name;
    std::string trained_for;
    std::string licence = "Apache-2.0";
    std::string training;  ///< data, iterations, command: a summary in one line
    bool locks_colour = false;
};

/// Whether it is a model that holds both stages.
bool has_two_stages(const TensorFile& file);

/// The averaged weights of a checkpoint, or those of a model of one stage; else none.
Tensors weights_to_export(const TensorFile& file);

/// As a model file holds them: convolutions in half precision, the small rest in fp32.
void put_weights(TensorFile& model, const Tensors& weights);

/// Writes a model of one stage; a program's tensors by the names that other tools know them by.
/// Throws Error{io}.
void export_model(const std::filesystem::path& file, const Tensors& weights,
                  const NetworkSpec& spec, const ModelCard& card);

/// Both stages in one file, so that a strength from 0 (stage 1) to 1 (stage 2) can be chosen.
struct TwoStages {
    Tensors fidelity;  ///< of stage 1
    Tensors detail;    ///< of stage 2
    double default_strength = 1;
};
void export_model(const std::filesystem::path& file, const TwoStages& weights,
                  const SrResNetSettings& settings, const ModelCard& card);

/// Adds a model's weights to another's, for input of one kind, and takes the layer that judges the
/// input away: it was fitted to choose between fewer. Throws Error{usage} where that has such
/// weights already.
void add_special(TensorFile& model, const TensorFile& special, const SpecialFormat& format);

/// Replaces the layer that judges the input (Model::Impl::judge).
void put_judge(TensorFile& model, const Tensors& judge);

}  // namespace sisr::training
