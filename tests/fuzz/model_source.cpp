// Sources of all formats: compiled, and evaluated if they survive. Input: the file.

#include "model_source.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::compile_and_predict(std::as_bytes(std::span(data, size)));
    return 0;
}
