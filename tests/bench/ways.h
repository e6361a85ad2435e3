/// Ways to do a thing, compared in one run: each takes its turn in every round, so that a
/// disturbance of the machine hits all of them, and the medians are compared.
#pragma once

#include "engine/device.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace sisr::bench {

struct Way {
    std::string name;
    int threads = 1;
    std::function<void()> run;
    std::vector<double> seconds{};

    double median() const {
        auto sorted = seconds;
        std::sort(sorted.begin(), sorted.end());
        return sorted[sorted.size() / 2];
    }
};

inline void measure(std::vector<Way>& ways, int rounds) {
    for (int round = -1; round < rounds; ++round) {  // the first only warms up
        for (Way& way : ways) {
            set_threads(way.threads);
            way.run();  // a change of the thread count costs once, and is not what is asked
            const auto start = std::chrono::steady_clock::now();
            way.run();
            const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
            if (round >= 0) way.seconds.push_back(taken.count());
        }
    }
}

}  // namespace sisr::bench
