// enlarge IN OUT [MODEL]: a picture's file to another, whatever their formats, in bounded memory.
#include <sisr/error.h>
#include <sisr/image_file.h>
#include <sisr/model.h>
#include <sisr/upscaler.h>

#include <cstdio>

int main(int argc, char** argv) {
    if (argc < 3 || argc > 4) {
        std::fputs("usage: enlarge IN OUT [MODEL]\n", stderr);
        return 2;
    }
    try {
        sisr::FileSource picture(argv[1]);
        sisr::WriteOptions kept;
        kept.metadata = picture.metadata();
        sisr::FileSink result(argv[2], kept);
        const sisr::Upscaler upscaler(sisr::find_model(argc > 3 ? argv[3] : "photo-x4"), {});
        sisr::NoProgress progress;
        upscaler.run(picture, result, progress);
    } catch (const sisr::Error& error) {
        std::fprintf(stderr, "enlarge: %s\n", error.what());
        return 1;
    }
    return 0;
}
