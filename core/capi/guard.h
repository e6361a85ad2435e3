/// The one place where exceptions become a status.
#pragma once

#include <sisr/error.h>
#include <sisr/sisr.h>

#include <cstring>
#include <exception>
#include <new>
#include <utility>

namespace sisr::capi {

sisr_status to_status(ErrorKind kind) noexcept;

/// A copy for the caller to free; null when memory is out.
inline char* copy_string(const char* text) noexcept {
    const std::size_t bytes = std::strlen(text) + 1;
    auto* copy = new (std::nothrow) char[bytes];
    if (copy != nullptr) std::memcpy(copy, text, bytes);
    return copy;
}

/// Runs `work`; on an exception sets `message` (which may be null) and returns what it means.
template <class Work>
sisr_status guard(char** message, Work&& work) noexcept {
    const auto fail = [message](sisr_status status, const char* text) noexcept {
        if (message != nullptr) *message = copy_string(text);
        return status;
    };
    if (message != nullptr) *message = nullptr;
    try {
        std::forward<Work>(work)();
        return SISR_OK;
    } catch (const Error& error) {
        return fail(to_status(error.kind()), error.what());
    } catch (const std::bad_alloc&) {
        return fail(SISR_ERROR_OUT_OF_MEMORY, "sisr: not enough memory");
    } catch (const std::exception& error) {
        return fail(SISR_ERROR_INTERNAL, error.what());
    } catch (...) {
        return fail(SISR_ERROR_INTERNAL, "sisr: unknown error");
    }
}

}  // namespace sisr::capi
