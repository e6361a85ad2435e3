/// The one exception type of the library.
#pragma once

#include <sisr/export.h>

#include <stdexcept>
#include <string>

namespace sisr {

enum class ErrorKind {
    usage,          ///< the caller asked for something that is not offered
    not_found,      ///< a file, folder or model is not there
    io,             ///< reading or writing failed
    no_space,       ///< writing failed since the disk is full
    unsupported,    ///< a valid file or device of a kind that is not handled
    bad_image,      ///< an image file that is damaged or is none
    bad_model,      ///< a model file that is damaged, unknown or inconsistent
    out_of_memory,  ///< an allocation failed
    cancelled,      ///< the caller's Progress said stop
    internal        ///< a fault of this library or of one below it
};

/// what() is "subject: reason" in one line: the subject names the file, model or option.
class SISR_API Error : public std::runtime_error {
public:
    Error(ErrorKind kind, const std::string& subject, const std::string& reason);
    ~Error() override;

    ErrorKind kind() const noexcept { return kind_; }
    const std::string& subject() const noexcept { return subject_; }

private:
    ErrorKind kind_;
    std::string subject_;
};

}  // namespace sisr
