/// libtorch's exceptions as ours.
#pragma once

#include <sisr/error.h>

#include <c10/util/Exception.h>

#include <new>
#include <string>
#include <utility>

namespace sisr {

/// Runs `work`; a c10::Error becomes Error{kind} about `subject`, in one line, without the stack
/// trace. Failed allocations become Error{out_of_memory}.
template <class Work>
auto translate_torch_errors(ErrorKind kind, const std::string& subject, Work&& work) {
    const auto one_line = [](const std::string& text) { return text.substr(0, text.find('\n')); };
    try {
        return std::forward<Work>(work)();
    } catch (const c10::Error& error) {
        const std::string reason = one_line(error.what_without_backtrace());
        const bool no_memory = reason.find("alloc") != std::string::npos ||
                               reason.find("out of memory") != std::string::npos;
        throw Error(no_memory ? ErrorKind::out_of_memory : kind, subject,
                    no_memory ? "not enough memory" : reason);
    } catch (const std::bad_alloc&) {
        throw Error(ErrorKind::out_of_memory, subject, "not enough memory");
    }
}

}  // namespace sisr
