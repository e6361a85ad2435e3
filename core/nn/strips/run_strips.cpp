#include "nn/strips/run_strips.h"

#include "nn/strips/row_convolution.h"
#include "nn/strips/row_operations.h"
#include "nn/strips/strip_buffers.h"

#include <sisr/error.h>

#include <ATen/Parallel.h>

#include <algorithm>
#include <numeric>
#include <utility>

namespace sisr::nn {
namespace {

// Rows for a thread to take at a time.
constexpr std::int64_t kGrainRows = 2;

// Maps of this size, of one thread, stay in its core's cache from one layer to the next.
constexpr std::int64_t kStripBytes = 3 << 19;

// A strip of fewer is mostly overhead; Winograd's tiles have four.
constexpr std::int64_t kLeastRows = 8;
constexpr std::int64_t kTileRows = 4;

std::vector<float> to_vector(const torch::Tensor& tensor) {
    if (!tensor.defined()) return {};
    const auto values = tensor.to(torch::kFloat32).contiguous();
    return {values.data_ptr<float>(), values.data_ptr<float>() + values.numel()};
}

template <class Kind>
const Kind* as(const Layer& layer) {
    return std::get_if<Kind>(&layer.operation);
}

/// What a step needs besides rows.
struct Prepared {
    std::unique_ptr<RowConvolution> convolution;
    std::int64_t reach = 0;
    std::vector<float> slopes;          ///< of an activation by itself
    std::vector<float> factor, offset;  ///< of an affine layer
    double work = 0;                    ///< multiply-adds, of all
};

/// The slopes of an activation by slopes, [1] or [C].
torch::Tensor slopes_of(const Activate& activate) {
    return activate.kind == Activation::relu ? torch::zeros({1}) : activate.slopes;
}

template <class Work>
void each_row(std::int64_t count, const Work& work) {
    at::parallel_for(0, count, kGrainRows, [&work](std::int64_t first, std::int64_t last) {
        for (std::int64_t y = first; y < last; ++y) work(y);
    });
}

}  // namespace

struct StripNetwork::Impl {
    Impl(Program given, torch::ScalarType precision)
        : program(std::move(given)), plan(plan_strips(program, precision)) {
        for (const Step& step : plan.steps) prepared.push_back(prepare(step));
        for (std::size_t i = 0; i < prepared.size(); ++i) {
            const Resolution resolution = program.at(plan.steps[i].result).resolution;
            prepared[i].work *= resolution.times * resolution.times;
            prepared[i].work /= resolution.over * resolution.over;
            all_work += prepared[i].work;
        }
    }

    Prepared prepare(const Step& step) const;

    Program program;
    StripPlan plan;
    std::vector<Prepared> prepared;
    double all_work = 0;
};

Prepared StripNetwork::Impl::prepare(const Step& step) const {
    Prepared result;
    const Layer& layer = program.at(step.layer);
    if (const auto* const activate = as<Activate>(layer)) {
        if (activate->kind == Activation::relu || activate->slopes.defined()) {
            result.slopes = to_vector(slopes_of(*activate));
        }
    }
    if (const auto* const affine = as<Affine>(layer)) {
        result.factor = to_vector(affine->factor);
        result.offset = to_vector(affine->offset);
    }
    if (const auto* const norm = as<ChannelNorm>(layer)) {
        result.factor = to_vector(norm->weight);
        result.offset = to_vector(norm->bias);
    }
    const auto* const convolution = as<Convolution>(layer);
    if (convolution == nullptr) return result;
    RowConvolutionSpec spec;
    spec.weight = convolution->weight * step.factor;
    spec.bias = convolution->bias * step.factor;
    if (step.activation >= 0) {
        spec.slopes = slopes_of(*as<Activate>(program.at(step.activation)));
    }
    spec.adds = !step.addends.empty();
    spec.groups = convolution->groups;
    spec.dilation = convolution->dilation;
    spec.input_type = plan.storage_of(layer.inputs[0]).type;
    spec.output_type = plan.storage_of(step.result).type;
    result.convolution = make_row_convolution(spec);
    result.reach = spec.weight.size(2) / 2 * spec.dilation;
    result.work = static_cast<double>(spec.weight.numel());
    return result;
}

namespace {

/// Of the input, for each strip.
std::int64_t choose_rows(const StripPlan& plan, std::int64_t height, std::int64_t width) {
    std::int64_t row_bytes = 1;
    std::int64_t unit = kTileRows;
    for (const Storage& storage : plan.storages) {
        const Resolution resolution = storage.resolution;
        unit = std::lcm(unit, resolution.over);
        if (resolution.times > resolution.over) continue;
        const std::int64_t bytes = storage.type == torch::kFloat32 ? 4 : 2;
        row_bytes = std::max(row_bytes,
                             width * storage.channels * bytes * resolution.times / resolution.over);
    }
    const std::int64_t most = std::max(kLeastRows, kStripBytes * at::get_num_threads() / row_bytes);
    if (height <= most) return height;
    return (most + unit - 1) / unit * unit;
}

/// One picture on its way.
class Run {
public:
    Run(const Program& program, const StripPlan& plan, const std::vector<Prepared>& prepared,
        double all_work, const torch::Tensor& input, const torch::Tensor& output,
        std::int64_t strip_rows, const StripNetwork::OnShare& on_share)
        : program_(program),
          plan_(plan),
          prepared_(prepared),
          all_work_(std::max(all_work, 1.0)),
          input_(input),
          output_(output),
          strip_rows_(strip_rows),
          on_share_(on_share),
          schedule_(program, plan, input.size(0)),
          buffers_(program, plan, find_room(program, plan, input.size(0), strip_rows),
                   input.size(1)) {
        buffers_.allocate();
    }

    void all() {
        for (std::int64_t y = 0; !schedule_.is_done(); y += strip_rows_) strip(y);
        on_share_(1);
    }

private:
    void strip(std::int64_t y) {
        const std::int64_t written = schedule_.made(plan_.output);
        schedule_.begin_strip(y + strip_rows_);
        std::vector<Span> spans;
        for (const Step& step : plan_.steps) spans.push_back(schedule_.advance(step));
        schedule_.end_strip();
        buffers_.open(-1);
        feed(y);
        buffers_.close(-1, schedule_);
        for (std::size_t i = 0; i < spans.size(); ++i) {
            const int number = static_cast<int>(i);
            buffers_.open(number);
            if (spans[i].end > spans[i].begin) {
                compute(plan_.steps[i], prepared_[i], spans[i]);
                tell(prepared_[i], spans[i], plan_.steps[i].result);
            }
            buffers_.close(number, schedule_);
        }
        const int end = static_cast<int>(spans.size());
        buffers_.open(end);
        yield({written, schedule_.made(plan_.output)});
        buffers_.close(end, schedule_);
    }

    void tell(const Prepared& prepared, Span rows, Value value) {
        if (prepared.work <= 0) return;
        done_ += prepared.work * static_cast<double>(rows.end - rows.begin) /
                 static_cast<double>(schedule_.height_of(value));
        on_share_(std::min(done_ / all_work_, 1.0));
    }

    static Rows of_tensor(const torch::Tensor& tensor, std::int64_t row) {
        Rows rows;
        rows.width = tensor.size(1);
        rows.channels = tensor.size(2);
        rows.pixel_step = tensor.size(2);
        rows.row_step = rows.width * rows.channels;
        rows.data = tensor.data_ptr<float>() + row * rows.row_step;
        return rows;
    }

    void feed(std::int64_t y) {
        const std::int64_t end = std::min(y + strip_rows_, input_.size(0));
        if (end <= y) return;
        copy_rows(of_tensor(input_, y), buffers_.view(0, y), end - y);
        if (end == input_.size(0)) buffers_.clear_below(0, end);
    }

    void yield(Span rows) {
        if (rows.end <= rows.begin) return;
        const Rows from = buffers_.view(plan_.output, rows.begin);
        const Rows to = of_tensor(output_, rows.begin);
        each_row(rows.end - rows.begin,
                 [&](std::int64_t y) { copy_rows(from.from(y), to.from(y), 1); });
    }

    void compute(const Step& step, const Prepared& prepared, Span rows) {
        const Rows to = buffers_.view(step.result, rows.begin);
        const std::int64_t count = rows.end - rows.begin;
        const Layer& layer = program_.at(step.layer);
        if (prepared.convolution) {
            convolve(step, prepared, to, rows);
        } else {
            std::visit([&](const auto& operation) { apply(operation, step, prepared, to, rows); },
                       layer.operation);
        }
        if (rows.begin + count == schedule_.height_of(step.result)) {
            buffers_.clear_below(step.result, rows.end);
        }
    }

    void convolve(const Step& step, const Prepared& prepared, const Rows& to, Span rows) {
        const std::int64_t count = rows.end - rows.begin;
        std::vector<Term> terms;
        for (const Addend& addend : step.addends) {
            terms.push_back(
                {buffers_.view(addend.value, rows.begin), static_cast<float>(addend.factor)});
        }
        if (!terms.empty()) sum(terms, to, count);
        const Value input = program_.at(step.layer).inputs[0];
        prepared.convolution->run(buffers_.view(input, rows.begin - prepared.reach), to, count);
    }

    static void sum(const std::vector<Term>& terms, const Rows& to, std::int64_t count) {
        each_row(count, [&](std::int64_t y) {
            std::vector<Term> here = terms;
            for (Term& term : here) term.rows = term.rows.from(y);
            sum_rows(here, to.from(y), 1);
        });
    }

    Rows input_of(const Step& step, std::size_t index, std::int64_t row) const {
        return buffers_.view(program_.at(step.layer).inputs[index], row);
    }

    void apply(const Activate& activate, const Step& step, const Prepared& prepared, const Rows& to,
               Span rows) {
        const Rows from = input_of(step, 0, rows.begin);
        each_row(rows.end - rows.begin, [&](std::int64_t y) {
            activate_rows(from.from(y), to.from(y), 1, activate.kind, prepared.slopes);
        });
    }

    void apply(const Affine& /*affine*/, const Step& step, const Prepared& prepared, const Rows& to,
               Span rows) {
        const Rows from = input_of(step, 0, rows.begin);
        each_row(rows.end - rows.begin, [&](std::int64_t y) {
            affine_rows(from.from(y), to.from(y), 1, prepared.factor, prepared.offset);
        });
    }

    void apply(const ChannelNorm& norm, const Step& step, const Prepared& prepared, const Rows& to,
               Span rows) {
        const Rows from = input_of(step, 0, rows.begin);
        each_row(rows.end - rows.begin, [&](std::int64_t y) {
            normalise_rows(from.from(y), to.from(y), 1, norm.epsilon, prepared.factor,
                           prepared.offset);
        });
    }

    void apply(const Sum& factors, const Step& step, const Prepared& /*prepared*/, const Rows& to,
               Span rows) {
        sum({{input_of(step, 0, rows.begin), factors.first},
             {input_of(step, 1, rows.begin), factors.second}},
            to, rows.end - rows.begin);
    }

    void apply(const Product& /*product*/, const Step& step, const Prepared& /*prepared*/,
               const Rows& to, Span rows) {
        const Rows a = input_of(step, 0, rows.begin);
        const Rows b = input_of(step, 1, rows.begin);
        each_row(rows.end - rows.begin,
                 [&](std::int64_t y) { multiply_rows(a.from(y), b.from(y), to.from(y), 1); });
    }

    /// Only what was not written there in the first place.
    void apply(const Concat& /*concat*/, const Step& step, const Prepared& /*prepared*/,
               const Rows& to, Span rows) {
        const Layer& layer = program_.at(step.layer);
        for (const std::size_t index : step.copied) {
            std::int64_t channel = 0;
            for (std::size_t i = 0; i < index; ++i)
                channel += program_.at(layer.inputs[i]).channels;
            const Rows from = input_of(step, index, rows.begin);
            Rows part = to;
            part.channels = from.channels;
            part.data = static_cast<char*>(to.data) + channel * to.element_bytes();
            each_row(rows.end - rows.begin,
                     [&](std::int64_t y) { copy_rows(from.from(y), part.from(y), 1); });
        }
    }

    /// It is its input's memory.
    void apply(const Slice& /*slice*/, const Step&, const Prepared&, const Rows&, Span) {}

    void apply(const PixelShuffle& shuffle, const Step& step, const Prepared& /*prepared*/,
               const Rows& to, Span rows) {
        each_row(rows.end - rows.begin, [&](std::int64_t y) {
            const std::int64_t row = rows.begin + y;
            shuffle_row(input_of(step, 0, row / shuffle.factor), to.from(y), row, shuffle.factor);
        });
    }

    void apply(const PixelUnshuffle& unshuffle, const Step& step, const Prepared& /*prepared*/,
               const Rows& to, Span rows) {
        each_row(rows.end - rows.begin, [&](std::int64_t y) {
            const std::int64_t row = (rows.begin + y) * unshuffle.factor;
            unshuffle_row(input_of(step, 0, row), to.from(y), unshuffle.factor);
        });
    }

    void apply(const Enlarge& enlarge, const Step& step, const Prepared& /*prepared*/,
               const Rows& to, Span rows) {
        const Value input = program_.at(step.layer).inputs[0];
        const std::int64_t last = schedule_.height_of(input) - 1;
        const int factor = enlarge.factor;
        each_row(rows.end - rows.begin, [&](std::int64_t y) {
            const std::int64_t row = rows.begin + y;
            if (enlarge.kind == Enlarge::Kind::nearest) {
                return enlarge_nearest_row(input_of(step, 0, row / factor), to.from(y), factor);
            }
            const float at = std::max(
                0.0F, (static_cast<float>(row) + 0.5F) / static_cast<float>(factor) - 0.5F);
            const auto above = static_cast<std::int64_t>(at);
            enlarge_bilinear_row(input_of(step, 0, above),
                                 input_of(step, 0, std::min(above + 1, last)),
                                 at - static_cast<float>(above), to.from(y), factor);
        });
    }

    /// Those that are not local, or have a way of their own.
    template <class Other>
    void apply(const Other& /*other*/, const Step&, const Prepared&, const Rows&, Span) {
        throw Error(ErrorKind::internal, "strips", "a layer cannot be computed in strips");
    }

    const Program& program_;
    const StripPlan& plan_;
    const std::vector<Prepared>& prepared_;
    double all_work_;
    double done_ = 0;
    torch::Tensor input_;
    torch::Tensor output_;
    std::int64_t strip_rows_;
    const StripNetwork::OnShare& on_share_;
    StripSchedule schedule_;
    StripBuffers buffers_;
};

}  // namespace

StripNetwork::StripNetwork(Program program, torch::ScalarType precision)
    : impl_(std::make_unique<const Impl>(std::move(program), precision)) {}
StripNetwork::~StripNetwork() = default;
StripNetwork::StripNetwork(StripNetwork&&) noexcept = default;

const Program& StripNetwork::program() const { return impl_->program; }

void StripNetwork::run(const torch::Tensor& input, const torch::Tensor& output,
                       const OnShare& on_share, std::int64_t strip_rows) const {
    const std::int64_t rows =
        strip_rows > 0 ? strip_rows : choose_rows(impl_->plan, input.size(0), input.size(1));
    Run(impl_->program, impl_->plan, impl_->prepared, impl_->all_work, input, output, rows,
        on_share)
        .all();
}

std::size_t StripNetwork::bytes(const Program& program, torch::ScalarType precision,
                                std::int64_t height, std::int64_t width) {
    const StripPlan plan = plan_strips(program, precision);
    const auto room = find_room(program, plan, height, choose_rows(plan, height, width));
    return StripBuffers(program, plan, room, width).bytes();
}

}  // namespace sisr::nn
