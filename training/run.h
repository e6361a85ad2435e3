/// A training run as a function: the parts composed around an objective.
#pragma once

#include "degradation/degradation.h"
#include "export.h"
#include "model/architectures/srresnet/settings.h"
#include "objective.h"
#include "trainer.h"

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace sisr::training {

struct RunOptions {
    std::vector<std::filesystem::path> data;
    std::filesystem::path output;      ///< the run folder
    std::filesystem::path validation;  ///< empty: none
    std::string degradation;           ///< see Degradation
    SrResNetSettings network;
    BatchOptions batches;
    Schedule schedule;
    TrainerOptions trainer;
    ModelCard card;
    std::string stage;  ///< what the run does, for the card: "stage 1 (MAE)"
    int keep_checkpoints = 3;
    int threads = 0;  ///< for arithmetic; 0: one per physical core
    bool resume = false;
    bool accept_changes = false;  ///< resume though options differ from the checkpoint's
    std::string recipe;           ///< these options as an INI file, kept in the run folder
};

/// What the person at the console hears beside the trainer's Listener.
struct RunListener : Listener {
    std::function<void(const std::string&)> on_message;
};

/// Makes the run folder: recipe.ini, log.jsonl, checkpoints/, model.safetensors (the averaged
/// weights, newest) and best.safetensors (those of the best validation). Returns false when
/// stopped before the end. `make_objective` is called when everything else is known to be good.
/// Throws Error{usage} when the folder holds a run and resume is not set, or the other way round,
/// or when a resumed run's options differ and accept_changes is not set; Error{bad_model} when
/// the checkpoint is of another network.
bool run_training(const RunOptions& options,
                  const std::function<std::unique_ptr<Objective>()>& make_objective,
                  const RunListener& listener);

}  // namespace sisr::training
