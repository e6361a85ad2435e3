#include "degradation/degradation.h"

#include "base/numbers.h"
#include "degradation/bicubic.h"
#include "degradation/steps.h"

#include <sisr/error.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace sisr::training {
namespace {

using Canvas = Degradation::Canvas;
using Step = Degradation::Step;

constexpr int kBlock = 8;
// Low-resolution pixels round a patch: the bicubic kernel alone, or a block of a JPEG beside it.
constexpr int kCleanReach = 3;
constexpr int kReach = 8;

/// Recursive descent over the grammar in the header.
class Parser {
public:
    explicit Parser(const std::string& text) {
        for (const char c : text) {
            if (c != ' ' && c != '\t') text_ += c;
        }
    }

    std::vector<Step> parse() {
        auto steps = parse_list();
        if (position_ != text_.size()) fail("\"" + text_.substr(position_) + "\" is out of place");
        return steps;
    }

    bool has_reduce() const { return has_reduce_; }

private:
    [[noreturn]] void fail(const std::string& reason) const {
        throw Error(ErrorKind::usage, "degradation \"" + text_ + "\"", reason);
    }

    char next() const { return position_ < text_.size() ? text_[position_] : '\0'; }

    bool take(char c) {
        if (next() != c) return false;
        ++position_;
        return true;
    }

    /// Up to the next character that separates.
    std::string take_word(const char* separators) {
        const auto end = std::min(text_.find_first_of(separators, position_), text_.size());
        std::string word = text_.substr(position_, end - position_);
        position_ = end;
        return word;
    }

    std::vector<Step> parse_list() {
        std::vector<Step> steps;
        do {
            if (next() == '\0' || next() == '|' || next() == ')') {
                if (steps.empty()) break;  // an empty list is a valid alternative
                fail("ends in a comma");
            }
            Step step = take('(') ? parse_alternatives() : parse_step();
            steps.push_back(with_probability(std::move(step)));
        } while (take(','));
        return steps;
    }

    Step parse_alternatives() {
        std::vector<std::vector<Step>> alternatives;
        do {
            alternatives.push_back(parse_list());
        } while (take('|'));
        if (!take(')')) fail("lacks a \")\"");
        return [alternatives](Canvas& canvas, Rng& rng) {
            const int chosen = draw_integer(rng, 0, static_cast<int>(alternatives.size()) - 1);
            for (const Step& step : alternatives[static_cast<std::size_t>(chosen)]) {
                step(canvas, rng);
            }
        };
    }

    Step parse_step() {
        const std::string token = take_word(",|()@");
        std::vector<std::string> words;
        for (std::size_t begin = 0; begin <= token.size();) {
            const auto end = std::min(token.find(':', begin), token.size());
            words.push_back(token.substr(begin, end - begin));
            begin = end + 1;
        }
        const std::string name = words.front();
        words.erase(words.begin());
        has_reduce_ = has_reduce_ || name == "reduce";
        return make_step(name, words, token);
    }

    Step with_probability(Step step) {
        if (!take('@')) return step;
        const std::string word = take_word(",|()@");
        const double probability = parse_number<double>(word).value_or(-1);
        if (!(probability >= 0 && probability <= 1)) {
            fail("\"@" + word + "\" must be a probability from 0 to 1");
        }
        return [probability, step = std::move(step)](Canvas& canvas, Rng& rng) {
            if (draw(rng, 0, 1) < probability) step(canvas, rng);
        };
    }

    std::string text_;
    std::size_t position_ = 0;
    bool has_reduce_ = false;
};

struct Named {
    const char* name;
    const char* text;
};

constexpr Named kNamed[] = {
    {"bicubic", ""},
    // One half as the web makes a small picture, reduced well and compressed once; the other with
    // what cameras, phones and a second life on the web add.
    {"photo",
     "(reduce, (jpeg:25-95 | jpeg:10-95:any | jpeg:8-40 | jpeg:8-40:any)@0.8 |"
     " (blur:0.4-2 | aniso:0.4-2.4)@0.35,"
     " resize:0.4-1.1@0.3,"
     " (noise:1-8:any | poisson:0.2-1.2:any)@0.4,"
     " jpeg:60-97:any:shift@0.3,"
     " reduce:any,"
     " (jpeg:25-95:any | jpeg:25-95 | jpeg:70-97:any | jpeg:10-50)@0.85,"
     " jpeg:40-95:any:shift@0.2,"
     " webp:30-90@0.06)"},
    // At the same size: what a JPEG has gone through, and light noise.
    {"compressed",
     "(noise:1-6:any | poisson:0.2-0.8:any)@0.3,"
     "jpeg:60-97:any:shift@0.15,"
     "(jpeg:8-95:any | jpeg:10-50 | jpeg:30-97)@0.92,"
     "webp:20-90@0.05"},
    {"real-esrgan",
     "(blur:0.2-3 | aniso:0.2-3 | sinc:1.05-3.14),"
     "resize:0.15-1.5,"
     "(noise:1-30:any | poisson:0.05-3:any),"
     "jpeg:30-95,"
     "(blur:0.2-1.5 | aniso:0.2-1.5 | sinc:1.05-3.14)@0.8,"
     "resize:0.3-1.2,"
     "(noise:1-25:any | poisson:0.05-2.5:any),"
     "(reduce:any, sinc:1.05-3.14@0.8, jpeg:30-95 |"
     " jpeg:30-95, reduce:any, sinc:1.05-3.14@0.8)"},
};

}  // namespace

std::string named_degradation(const std::string& name) {
    for (const Named& named : kNamed) {
        if (name == named.name) return named.text;
    }
    return name;
}

Degradation Degradation::parse(const std::string& text, int scale) {
    Parser parser(named_degradation(text));
    std::vector<Step> steps = parser.parse();
    if (!steps.empty() && !parser.has_reduce()) {
        steps.insert(steps.begin(), [](Canvas& canvas, Rng&) { reduce_to_target(canvas); });
    }
    return {scale, std::move(steps)};
}

Degradation::Pair Degradation::apply(const Image& truth, Rng& rng, bool is_patch) const {
    if (is_clean()) return {reduce_bicubic(truth, scale_), truth};
    if (truth.width() % scale_ != 0 || truth.height() % scale_ != 0) {
        throw Error(ErrorKind::usage, "degrade", "the size is no multiple of the scale");
    }
    Canvas canvas;
    canvas.image = truth;
    canvas.target = {truth.width() / scale_, truth.height() / scale_};
    canvas.truth = truth;
    if (is_patch) {
        canvas.left = draw_integer(rng, 0, kBlock - 1);
        canvas.top = draw_integer(rng, 0, kBlock - 1);
    }
    for (const Step& step : steps_) step(canvas, rng);
    reduce_to_target(canvas);
    round_to_8_bits(canvas.image);
    return {std::move(canvas.image), std::move(canvas.truth)};
}

int Degradation::reach() const { return (is_clean() ? kCleanReach : kReach) * scale_; }

}  // namespace sisr::training
