/// `sisr-train pretrain` as a function: stage 1, composed from its parts.
#pragma once

#include "export.h"
#include "model/architectures/srresnet/settings.h"
#include "pixel_objective.h"
#include "trainer.h"

#include <filesystem>
#include <string>
#include <vector>

namespace sisr::training {

struct PretrainOptions {
    std::vector<std::filesystem::path> data;
    std::filesystem::path output;      ///< the run folder
    std::filesystem::path validation;  ///< empty: none
    SrResNetSettings network;
    PixelOptions objective;
    BatchOptions batches;
    Schedule schedule;
    TrainerOptions trainer;
    ModelCard card;
    int keep_checkpoints = 3;
    int threads = 0;  ///< for arithmetic; 0: one per physical core
    bool resume = false;
    std::string recipe;  ///< these options as an INI file, kept in the run folder
};

/// What the person at the console hears beside the trainer's Listener.
struct PretrainListener : Listener {
    std::function<void(const std::string&)> on_message;
};

/// Makes the run folder: recipe.ini, log.jsonl, checkpoints/, model.safetensors (the averaged
/// weights, newest) and best.safetensors (those of the best validation). Returns false when
/// stopped before the end. Throws Error{usage} when the folder holds a run and resume is not set,
/// or the other way round; Error{bad_model} when the checkpoint is of another network.
bool pretrain(const PretrainOptions& options, const PretrainListener& listener);

}  // namespace sisr::training
