#include <sisr/error.h>

namespace sisr {

Error::Error(ErrorKind kind, const std::string& subject, const std::string& reason)
    : std::runtime_error(subject + ": " + reason), kind_(kind), subject_(subject) {}

Error::~Error() = default;

}  // namespace sisr
