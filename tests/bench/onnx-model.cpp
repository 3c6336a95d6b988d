// Times ONNX Runtime's C API, one row in one thread: onnx-model LIBRARY MODEL ROWS FEATURES SECONDS
//
// npm's onnxruntime-node brings the library without its header, so the functions are taken from
// their places in the library's table, which its makers promise not to move.

#include <dlfcn.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <vector>

#include "one_row.hpp"

namespace {

struct Opaque;
using Status = Opaque*;
using Api = const void* const*;
struct ApiBase {
    Api (*get_api)(std::uint32_t version);
    const char* (*get_version)();
};

constexpr std::uint32_t kApiVersion = 16;
constexpr int kWarning = 2, kArena = 0, kDefaultMemory = 0, kFloat = 1, kSequential = 0;
enum Place {
    kGetErrorMessage = 2,
    kCreateEnv = 3,
    kCreateSession = 7,
    kRun = 9,
    kCreateSessionOptions = 10,
    kSetExecutionMode = 13,
    kSetIntraThreads = 24,
    kSetInterThreads = 25,
    kCreateTensor = 49,
    kTensorData = 51,
    kCreateCpuMemory = 69,
};

Api api = nullptr;

template <class... Arguments>
void call(Place place, Arguments... arguments) {
    const auto function = reinterpret_cast<Status (*)(Arguments...)>(const_cast<void*>(api[place]));
    if (const Status status = function(arguments...)) {
        std::fprintf(stderr, "%s\n",
                     reinterpret_cast<const char* (*)(Status)>(
                         const_cast<void*>(api[kGetErrorMessage]))(status));
        std::exit(1);
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 6) {
        return 2;
    }
    void* const library = dlopen(argv[1], RTLD_NOW);
    const auto base = library == nullptr
                          ? nullptr
                          : reinterpret_cast<const ApiBase* (*)()>(dlsym(library, "OrtGetApiBase"));
    if (base == nullptr) {
        std::fprintf(stderr, "%s\n", dlerror());
        return 1;
    }
    api = base()->get_api(kApiVersion);
    const std::vector<float> values = one_row::read(argv[3]);
    const std::size_t features = std::strtoul(argv[4], nullptr, 10);
    Opaque *environment = nullptr, *options = nullptr, *session = nullptr, *memory = nullptr,
           *input = nullptr, *output = nullptr;
    call(kCreateEnv, kWarning, "bench", &environment);
    call(kCreateSessionOptions, &options);
    call(kSetExecutionMode, options, kSequential);
    call(kSetIntraThreads, options, 1);
    call(kSetInterThreads, options, 1);
    call(kCreateSession, environment, static_cast<const char*>(argv[2]),
         static_cast<const Opaque*>(options), &session);
    call(kCreateCpuMemory, kArena, kDefaultMemory, &memory);
    std::vector<float> row(features);
    float result = 0;
    const std::array<std::int64_t, 2> shape{1, static_cast<std::int64_t>(features)},
        result_shape{1, 1};
    const auto tensor = [&](float* data, std::size_t count, const std::int64_t* dimensions,
                            Opaque** value) {
        call(kCreateTensor, static_cast<const Opaque*>(memory), static_cast<void*>(data),
             count * sizeof(float), dimensions, std::size_t{2}, kFloat, value);
    };
    // The tensors are made once and used again: that is the fastest way that the library has.
    tensor(row.data(), features, shape.data(), &input);
    tensor(&result, 1, result_shape.data(), &output);
    const std::array<const char*, 1> inputs{"x"}, outputs{"y"};
    const auto predict = [&](std::span<const float> values_of_row) {
        std::copy(values_of_row.begin(), values_of_row.end(), row.begin());
        const std::array<const Opaque*, 1> given{input};
        std::array<Opaque*, 1> wanted{output};
        call(kRun, session, static_cast<const Opaque*>(nullptr), inputs.data(), given.data(),
             std::size_t{1}, outputs.data(), std::size_t{1}, wanted.data());
        return result;
    };
    return one_row::run(values, features, std::strtod(argv[5], nullptr), predict);
}
