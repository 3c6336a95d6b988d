// Times XGBoost's C API as a C++ service would use it, in-place prediction of one row in one
// thread:
//   xgboost-model MODEL ROWS FEATURES SECONDS

#include <xgboost/c_api.h>

#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "one_row.hpp"

namespace {

void check(int result) {
    if (result != 0) {
        std::fprintf(stderr, "%s\n", XGBGetLastError());
        std::exit(1);
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 5) {
        return 2;
    }
    const std::vector<float> values = one_row::read(argv[2]);
    const std::size_t features = std::strtoul(argv[3], nullptr, 10);
    BoosterHandle booster = nullptr;
    check(XGBoosterCreate(nullptr, 0, &booster));
    check(XGBoosterLoadModel(booster, argv[1]));
    check(XGBoosterSetParam(booster, "nthread", "1"));
    std::vector<float> row(features);
    char array[160];
    std::snprintf(array, sizeof array,
                  R"({"data":[%zu,true],"shape":[1,%zu],"typestr":"<f4","version":3})",
                  reinterpret_cast<std::size_t>(row.data()), features);
    const char* const settings =
        R"({"type":0,"training":false,"iteration_begin":0,"iteration_end":0,"strict_shape":false,"cache_id":0,"missing":NaN})";
    const auto predict = [&](std::span<const float> values_of_row) {
        std::memcpy(row.data(), values_of_row.data(), features * sizeof(float));
        const bst_ulong* shape = nullptr;
        bst_ulong dimensions = 0;
        const float* result = nullptr;
        check(XGBoosterPredictFromDense(booster, array, settings, nullptr, &shape, &dimensions,
                                        &result));
        return result[0];
    };
    const int code = one_row::run(values, features, std::strtod(argv[4], nullptr), predict);
    XGBoosterFree(booster);
    return code;
}
