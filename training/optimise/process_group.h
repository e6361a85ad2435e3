/// Data-parallel training: every process works on its own patches, gradients are averaged.
#pragma once

#include <torch/torch.h>

#include <memory>
#include <string>
#include <vector>

namespace sisr::training {

/// The processes of a run. Every process must make the same calls in the same order.
class ProcessGroup {
public:
    ProcessGroup() = default;
    ProcessGroup(const ProcessGroup&) = delete;
    ProcessGroup& operator=(const ProcessGroup&) = delete;
    virtual ~ProcessGroup() = default;

    virtual int rank() const { return 0; }
    virtual int size() const { return 1; }
    bool is_first() const { return rank() == 0; }

    /// Replaces each tensor by its mean over the processes. Throws Error{io} when another process
    /// is gone.
    virtual void average(std::vector<torch::Tensor>& /*tensors*/) {}

    /// True when it is true in any process.
    bool any(bool value);
};

/// The device of this process: where a machine runs several, "cuda" is the one whose number
/// torchrun's LOCAL_RANK or Slurm's SLURM_LOCALID tells.
std::string local_device(const std::string& device);

/// The group that RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT describe, as torchrun sets them, or
/// Slurm's SLURM_PROCID and SLURM_NTASKS in place of the first two; a group of one without them.
/// Gloo connects it; NCCL where `device` is CUDA and libtorch has it (not tested: no machine of
/// ours has such a card). Throws Error{usage} for variables that make no
/// sense, Error{io} when the others do not come within the time.
std::unique_ptr<ProcessGroup> join_process_group(const torch::Device& device);

}  // namespace sisr::training
