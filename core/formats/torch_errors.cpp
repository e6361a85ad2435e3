#include "formats/torch_errors.h"

#include <oneapi/dnnl/dnnl.hpp>

#include <c10/util/Exception.h>

#include <new>

namespace sisr {
namespace {

bool tells_of_memory(const std::string& line) {
    return line.find("alloc") != std::string::npos ||
           line.find("out of memory") != std::string::npos;
}

}  // namespace

void rethrow_torch_error(ErrorKind kind, const std::string& subject) {
    const Error no_memory(ErrorKind::out_of_memory, subject, "not enough memory");
    try {
        throw;
    } catch (const c10::Error& error) {
        const std::string text = error.what_without_backtrace();
        const std::string line = text.substr(0, text.find('\n'));
        if (tells_of_memory(line)) throw no_memory;
        throw Error(kind, subject, line);
    } catch (const dnnl::error& error) {
        // Its text names the function that failed and no reason.
        if (error.status == dnnl_out_of_memory) throw no_memory;
        throw Error(kind, subject, std::string("oneDNN: ") + error.what());
    } catch (const std::bad_alloc&) {
        throw no_memory;
    }
}

}  // namespace sisr
