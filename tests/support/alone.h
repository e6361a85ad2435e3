/// Training in one process.
#pragma once

#include "optimise/process_group.h"

namespace sisr::test {

inline training::ProcessGroup& alone() {
    static training::ProcessGroup group;
    return group;
}

}  // namespace sisr::test
