/// A training run as a function: the parts composed around an objective.
#pragma once

#include "degradation/degradation.h"
#include "objectives/objective.h"
#include "optimise/network_spec.h"
#include "run/trainer.h"
#include "ship/export.h"

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
    MeasureFiles measures;             ///< to validate by
    std::string degradation;           ///< see Degradation
    NetworkSpec network;
    BatchOptions batches;
    int flat_retries = 3;  ///< see PatchSourceOptions
    Schedule schedule;
    TrainerOptions trainer;
    ModelCard card;
    std::string stage;        ///< what the run does, for the card: "stage 1 (MAE)"
    std::string record_name;  ///< of the run in TensorBoard
    int keep_checkpoints = 3;
    std::string device = "auto";  ///< auto, cpu, cuda or cuda:N
    int threads = 0;              ///< for arithmetic; 0: one per physical core
    bool resume = false;
    bool accept_changes = false;  ///< resume though options differ from the checkpoint's
    std::string recipe;           ///< these options as an INI file, kept in the run folder
};

/// What the person at the console hears beside the trainer's Listener.
struct RunListener : Listener {
    std::function<void(const std::string&)> on_message;
};

/// Makes the objective on the device that was chosen.
using ObjectiveMaker = std::function<std::unique_ptr<Objective>(ProcessGroup&, torch::Device)>;

/// Makes the run folder: recipe.ini, log.jsonl, tensorboard/, samples/, report.html, checkpoints/,
/// model.safetensors (the averaged weights, newest) and best.safetensors (those of the best
/// validation). Nothing is written before all that the run needs is known to be good. Returns
/// false when stopped before the end. As one of several processes (see join_process_group) it
/// writes only if it is the first. Throws Error{usage} when the folder holds a run and resume is
/// not set, or the other way round, or when a resumed run's options differ and accept_changes is
/// not set; Error{bad_model} when the checkpoint is of another network.
bool run_training(const RunOptions& options, const ObjectiveMaker& make_objective,
                  const RunListener& listener);

}  // namespace sisr::training
