/// A network in training, with its optimizer.
#pragma once

#include "formats/tensors.h"
#include "optimise/muon.h"
#include "optimise/process_group.h"

#include <torch/torch.h>

#include <memory>
#include <string>

namespace sisr::training {

enum class Optimizer {
    adam,  ///< beta 0.9, 0.99
    muon,  ///< for the parameters that it suits; Adam for the others
};

/// An optimizer on a module's parameters. A step is begin(), backward passes, gradient(),
/// and then either update() or discard(). The module and the group must outlive it.
class Learner {
public:
    /// `clip`: greatest norm of the whole gradient; 0: no limit.
    Learner(torch::nn::Module& module, Optimizer optimizer, double clip, ProcessGroup& group);

    /// Forgets the last gradient and remembers the buffers (the statistics of batch norm).
    void begin();

    /// Averages the gradient over the processes and clips it. Returns its norm before that; NaN or
    /// Inf when any part of it, or the loss of any process, is. The same in every process.
    double gradient(const torch::Tensor& loss);

    void update(double rate);

    /// As if the step had not been: puts the buffers back.
    void discard();

    /// Weights as "NAME.KEY", the optimizer as `optimizer_key`, Muon's momenta beneath that.
    void save(TensorFile& checkpoint, const std::string& name,
              const std::string& optimizer_key) const;
    /// Throws Error{bad_model}.
    void load(const TensorFile& checkpoint, const std::string& name,
              const std::string& optimizer_key);

private:
    torch::nn::Module& module_;
    double clip_;
    ProcessGroup& group_;
    torch::optim::Adam adam_;
    Muon muon_;
    std::vector<torch::Tensor> buffers_;
};

/// Weights of convolutions in the layout that is fast on a CPU.
void use_channels_last(torch::nn::Module& module);

}  // namespace sisr::training
