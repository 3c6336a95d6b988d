// The compiled model file (.acm), byte by byte: docs/model-format.md describes it, a test compares
// the two. Little-endian, as the machines are; all records are trivially copyable and without
// padding, so that a mapped file is used in place.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace appcore::models::acm {

static_assert(std::endian::native == std::endian::little, "mapped files are used in place");

inline constexpr std::string_view kMagic =
    "\x89"
    "ACM\r\n\x1a\n";
inline constexpr std::uint32_t kFormatVersion = 1;
inline constexpr std::uint32_t kByteOrder = 0x01020304;
inline constexpr std::size_t kAlignment = 64;  // of sections: a cache line

struct Header {
    std::array<char, 8> magic;
    std::uint32_t format_version;
    std::uint32_t byte_order;
    std::uint64_t file_size;
    std::uint32_t section_count;
    std::uint32_t checksum;  // of the header, with this field zero, and the section table
    std::array<std::uint32_t, 8> zero;
};
static_assert(sizeof(Header) == 64);

// In this order in the file; every section is there, an empty one with size 0.
enum class SectionId : std::uint32_t {
    facts = 1,
    texts,
    columns,
    trees,
    nodes,
    leaves,
    linear_leaves,
    terms,
    sets,
    set_words,
    steps,
    step_values,
    base,
    weights,
    golden_rows,
    golden_predictions,
};
inline constexpr std::size_t kSections = 16;

struct Section {
    SectionId id;
    std::uint32_t checksum;  // CRC-32C of its bytes
    std::uint64_t offset;
    std::uint64_t size;  // bytes; up to the next section follow zeros
};
static_assert(sizeof(Section) == 24);

// Which program wrote the source.
enum class Source : std::uint32_t { xgboost_json, xgboost_ubjson, lightgbm, scikit_learn };
inline constexpr std::array<std::string_view, 4> kSourceNames = {"xgboost-json", "xgboost-ubjson",
                                                                 "lightgbm", "scikit-learn"};

enum class ModelKind : std::uint32_t { trees, linear };
enum class NodeKind : std::uint32_t { small, large };                 // 8 bytes, 16 bytes
enum class LeafKind : std::uint32_t { inline_value, table, linear };  // what a leaf's key is
enum class Arithmetic : std::uint32_t { float32, float64 };
inline constexpr std::uint32_t kArithmetics = 2;

// From the sums of the outputs (margins) to predictions. Those of XGBoost are float32.
enum class Link : std::uint32_t {
    identity,
    xgboost_sigmoid,  // 1 / (expf(min(-x, 88.7)) + 1 + 1e-16)
    xgboost_exp,
    xgboost_exp_of_double,  // survival:aft calls exp() instead of expf()
    xgboost_hinge,          // x > 0
    xgboost_softmax,
    sigmoid,  // 1 / (1 + exp(-scale * x))
    exp,
    signed_square,  // sign(x) * x * x
    log1p_exp,
    softmax,
    sigmoid_normalized,  // each output's sigmoid by the sum of these
    softmax_by_log,      // exp(x - log(sum of exp)), which makes other probabilities equal
};
inline constexpr std::uint32_t kLinks = 13;

enum class Output : std::uint32_t {
    value,              // that of output `output_index`, after the link
    class_before_link,  // the index of the largest margin, the first of equal ones
    class_after_link,   // the index of the largest prediction, the first of equal ones
    margin,             // that of output `output_index`, before the link
};
inline constexpr std::uint32_t kOutputs = 4;

// Bits of Facts::flags.
enum Flag : std::uint32_t {
    kTakesMissing = 1,        // rows may hold missing values
    kNullIsMissing = 2,       // and a request may say so by null
    kFlushesZeros = 4,        // |x| <= 1e-35f counts as 0, as LightGBM's C API has it
    kLinearSkipsMissing = 8,  // a linear model leaves missing values out of the sum
    kAllFlags = 15,
};

struct Facts {
    Source source;
    ModelKind model_kind;
    NodeKind node_kind;
    LeafKind leaf_kind;
    Arithmetic input;  // what features are rounded to
    Arithmetic sum;    // how leaves are added up
    Link link;
    Output output;
    std::uint32_t output_index;
    std::uint32_t outputs;
    std::uint32_t features;
    std::uint32_t flags;
    double link_scale;
    double divisor;  // of a float64 sum, before the link
    std::array<std::uint8_t, 32> source_sha256;
    std::uint32_t golden_rows;
    std::uint32_t step_count;
    std::array<std::uint32_t, 4> zero;
};
static_assert(sizeof(Facts) == 120);

// Section texts: each a uint32 length and as many bytes, in this order, then the features' names.
enum class Text : std::uint32_t { version, library, objective };
inline constexpr std::size_t kTexts = 3;

// What a column of a row holds. Splits compare columns: each treatment of missing values makes a
// column of its own of a feature, so that a split needs no branch for them.
enum class ColumnKind : std::uint32_t {
    constant,             // below every number: only column 0, which leaves compare
    missing_left,         // missing: below every number
    missing_right,        // missing: above every number
    missing_is_zero,      // LightGBM's missing type "none"
    zero_left,            // missing or 0: below every number; LightGBM's missing type "zero"
    zero_right,           // missing or 0: above every number
    category,             // the integer part; in no set: missing, negative or too large
    category_missing_in,  // the same; missing counts as in every set
    category_truncated,   // as `category`, but what is between -1 and 0 is 0; LightGBM's way
    category_exact,       // as `category`, but a fraction is in no set
};
inline constexpr std::uint32_t kColumnKinds = 10;

struct Column {
    std::uint32_t feature;
    ColumnKind kind;
};
static_assert(sizeof(Column) == 8);

// Columns of categories come behind all others.
[[nodiscard]] constexpr bool is_categorical(ColumnKind kind) {
    return kind >= ColumnKind::category;
}

struct Tree {
    std::uint32_t first_node;
    std::uint32_t nodes;
    std::uint32_t depth;  // steps after which a walk stands at a leaf
    std::uint32_t output;
};
static_assert(sizeof(Tree) == 16);

// A node compares its column with its key and continues `left` nodes behind itself if the column
// is less, otherwise at one more. A leaf has column 0 and left 0, so that it stays at itself:
// column 0 is below every key.
//
// Keys: of a split the ordered threshold (ordered.hpp), of a split by categories the index of a set
// plus 1, whose categories go left; of a leaf its ordered value, or the index of its entry in
// `leaves` or `linear_leaves` plus 1.
inline constexpr unsigned kLeftBits = 19;
inline constexpr unsigned kColumnBits = 13;

struct SmallNode {
    using Key = std::uint32_t;
    std::uint32_t packed;  // left in the low 19 bits, column in the high 13
    Key key;

    static constexpr std::uint32_t kMaxLeft = (1U << kLeftBits) - 1;
    static constexpr std::uint32_t kMaxColumns = 1U << kColumnBits;
    [[nodiscard]] static constexpr SmallNode make(std::uint32_t left, std::uint32_t column,
                                                  Key key) {
        return {left | column << kLeftBits, key};
    }
    [[nodiscard]] constexpr std::uint32_t left() const { return packed & kMaxLeft; }
    [[nodiscard]] constexpr std::uint32_t column() const { return packed >> kLeftBits; }
};
static_assert(sizeof(SmallNode) == 8);

struct LargeNode {
    using Key = std::uint64_t;
    Key key;
    std::uint32_t left_index;
    std::uint32_t column_index;

    [[nodiscard]] static constexpr LargeNode make(std::uint32_t left, std::uint32_t column,
                                                  Key key) {
        return {key, left, column};
    }
    [[nodiscard]] constexpr std::uint32_t left() const { return left_index; }
    [[nodiscard]] constexpr std::uint32_t column() const { return column_index; }
};
static_assert(sizeof(LargeNode) == 16);

// constant + coefficient * feature + ..., or `if_missing` where one of the features is missing.
struct LinearLeaf {
    double if_missing;
    double constant;
    std::uint32_t first_term;
    std::uint32_t terms;
};
static_assert(sizeof(LinearLeaf) == 24);

struct Term {
    double coefficient;
    std::uint32_t feature;
    std::uint32_t zero;
};
static_assert(sizeof(Term) == 16);

// Categories: bit c % 32 of word c / 32.
struct Set {
    std::uint32_t first_word;
    std::uint32_t words;
};
static_assert(sizeof(Set) == 8);

// What is done to all features before the model sees them, in float64; each with a value a feature
// in step_values.
enum class Step : std::uint32_t {
    impute,  // the value where the feature is missing
    subtract,
    divide,
    multiply,
    add,
    at_least,
    at_most,
};
inline constexpr std::uint32_t kSteps = 7;

}  // namespace appcore::models::acm
