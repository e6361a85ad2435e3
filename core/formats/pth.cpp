#include "formats/pth.h"

#include "formats/model_file.h"
#include "formats/open_model.h"
#include "formats/torch_errors.h"

namespace sisr {

TensorFile read_pth(const std::filesystem::path& file) {
    return translate_torch_errors(ErrorKind::bad_model, file.string(),
                                  [&file] { return read_tensors(open_pth(file)); });
}

}  // namespace sisr
