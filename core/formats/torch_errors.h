/// Exceptions of libtorch, and of oneDNN below it, as ours.
#pragma once

#include <sisr/error.h>

#include <string>
#include <utility>

namespace sisr {

/// To be called where an exception is caught. One of c10 or dnnl becomes Error{kind} about
/// `subject`, in one line, without the stack trace; a failed allocation, whoever tells of it,
/// becomes Error{out_of_memory}; anything else is thrown again.
[[noreturn]] void rethrow_torch_error(ErrorKind kind, const std::string& subject);

/// Runs `work`; what it throws goes through rethrow_torch_error.
template <class Work>
auto translate_torch_errors(ErrorKind kind, const std::string& subject, Work&& work) {
    try {
        return std::forward<Work>(work)();
    } catch (...) {
        rethrow_torch_error(kind, subject);
    }
}

}  // namespace sisr
