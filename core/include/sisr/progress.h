/// Progress and cancellation: every host maps this to its own bar.
#pragma once

#include <sisr/export.h>

namespace sisr {

class SISR_API Progress {
public:
    virtual ~Progress();

    /// fraction: 0 to 1, never decreasing within one run; on the CPU told of every few rows.
    /// Returns false to cancel, which ends the run with Error{cancelled}.
    virtual bool report(double fraction) = 0;
};

/// Reports to nobody and never cancels.
class SISR_API NoProgress final : public Progress {
public:
    ~NoProgress() override;
    bool report(double /*fraction*/) override { return true; }
};

}  // namespace sisr
