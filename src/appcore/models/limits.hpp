// The limits of models, their files and the text that names them. What is over one of them is
// refused by name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace appcore::models {

inline constexpr std::uint64_t kMaxSourceBytes = 2ULL << 30U;  // an importer maps the file whole
inline constexpr std::uint64_t kMaxFileBytes = 8ULL << 30U;    // of kMaxNodes and their tables
inline constexpr int kMaxNesting = 64;                 // of JSON; the deepest known document has 8
inline constexpr std::uint32_t kMaxNodes = 1U << 27U;  // 1 GiB of small nodes, 2 GiB of large ones
inline constexpr std::uint32_t kMaxTrees = 100'000;
inline constexpr std::uint32_t kMaxFeatures = 65'535;
inline constexpr std::uint32_t kMaxOutputs = 1'024;    // classes; a prediction keeps a sum for each
inline constexpr std::uint32_t kMaxDepth = 4'096;      // splits on one path through a tree
inline constexpr std::uint64_t kMaxSteps = 1U << 24U;  // splits of one prediction, about 50 ms
inline constexpr std::uint32_t kMaxGoldenRows = 10'000;   // each worker predicts them at its start
inline constexpr std::uint32_t kMaxCategory = 1U << 24U;  // float32 tells integers apart below it
inline constexpr std::size_t kMaxName = 1'024;  // bytes of a feature's name or an objective's

// Bytes of a model's version: it is a label of metrics, and a slot in shared memory keeps as many.
inline constexpr std::size_t kMaxVersion = 31;
inline constexpr std::string_view kVersionCharacters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._+:-";

// 1 to kMaxVersion of the characters above: what names a model in replies, logs and labels.
[[nodiscard]] constexpr bool is_version(std::string_view text) {
    return !text.empty() && text.size() <= kMaxVersion &&
           text.find_first_not_of(kVersionCharacters) == std::string_view::npos;
}

}  // namespace appcore::models
