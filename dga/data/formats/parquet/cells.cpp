// SPDX-License-Identifier: Apache-2.0

#include "dga/data/formats/parquet/cells.h"

#include <arrow/util/decimal.h>
#include <parquet/exception.h>
#include <parquet/types.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

#include "dga/data/formats/table/value.h"

namespace dga {
namespace {

constexpr std::int64_t kNanoseconds = 1'000'000'000;

double half_to_double(const std::uint8_t* bytes) noexcept {
  const unsigned bits = bytes[0] | unsigned{bytes[1]} << 8U;
  const unsigned exponent = bits >> 10U & 31U;
  const double mantissa = bits & 1023U;
  const double size = exponent == 31 ? (mantissa == 0 ? std::numeric_limits<double>::infinity()
                                                      : std::numeric_limits<double>::quiet_NaN())
                      : exponent == 0
                          ? std::ldexp(mantissa, -24)
                          : std::ldexp(mantissa + 1024, static_cast<int>(exponent) - 25);
  return (bits >> 15U) != 0 ? -size : size;
}

/// `value` units as seconds. Whole seconds are exact, whatever their size in units is.
double seconds_of(std::int64_t value, std::int64_t per_second) noexcept {
  const std::int64_t whole = value / per_second;
  const std::int64_t rest = value % per_second;
  return static_cast<double>(whole) + static_cast<double>(rest) / static_cast<double>(per_second);
}

/// A time as old versions of Spark write it: nanoseconds of a day, and the Julian day.
struct SparkTime {
  std::int64_t nanoseconds = 0;
  std::int64_t days = 0;  // since 1970

  explicit SparkTime(const parquet::Int96& time) noexcept {
    constexpr std::int64_t kJulianDayOf1970 = 2'440'588;
    std::memcpy(&nanoseconds, &time.value[0], sizeof(nanoseconds));
    days = std::int64_t{time.value[2]} - kJulianDayOf1970;
  }
  double seconds() const noexcept {
    return static_cast<double>(days * 86'400) + seconds_of(nanoseconds, kNanoseconds);
  }
  /// Nanoseconds since 1970, modulo 2^64.
  std::uint64_t identity() const noexcept {
    return static_cast<std::uint64_t>(days) * 86'400 * std::uint64_t{kNanoseconds} +
           static_cast<std::uint64_t>(nanoseconds);
  }
};

std::string decimal_text(const std::uint8_t* bytes, std::int64_t count, std::int32_t scale) {
  const auto value = arrow::Decimal256::FromBigEndian(bytes, static_cast<std::int32_t>(count));
  if (!value.ok()) {
    throw parquet::ParquetException("a decimal of " + std::to_string(count) + " bytes");
  }
  return value->ToString(scale);
}

template <typename Number>
std::string digits(Number value) {
  std::array<char, 32> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
  return {buffer.data(), end};
}

/// As Python writes it: 3.0, 0.1, 1e-05.
template <typename Real>
std::string real_text(Real value) {
  std::string text = digits(value);
  const bool whole = text.find_first_not_of("-0123456789") == std::string::npos;
  return whole ? text + ".0" : text;
}

}  // namespace

template <typename Type, typename Convert>
std::int64_t ParquetCells::take(parquet::ColumnReader& reader, std::int64_t most, Convert convert) {
  using Value = typename Type::c_type;
  static_assert(alignof(Value) <= alignof(std::uint64_t));
  const auto size = static_cast<std::size_t>(most);
  buffer_.resize((size * sizeof(Value) + 7) / 8);
  levels_.resize(size);
  auto* const values = reinterpret_cast<Value*>(buffer_.data());
  auto& typed = static_cast<parquet::TypedColumnReader<Type>&>(reader);
  std::int64_t count = 0;
  const auto cells =
      static_cast<std::size_t>(typed.ReadBatch(most, levels_.data(), nullptr, values, &count));
  if (reader.descr()->max_definition_level() == 0) {
    std::fill(levels_.begin(), levels_.end(), std::int16_t{0});
  }
  const std::int16_t present = reader.descr()->max_definition_level();
  std::int64_t next = 0;
  present_.resize(cells);
  for (std::size_t cell = 0; cell < cells; ++cell) {
    present_[cell] = levels_[cell] == present ? 1 : 0;
    if (present_[cell] != 0) {
      if (next == count) {
        throw parquet::ParquetException("fewer values than the page announces");
      }
      convert(cell, values[next++]);
    }
  }
  return static_cast<std::int64_t>(cells);
}

template <typename Type>
std::int64_t ParquetCells::take_integers(parquet::ColumnReader& reader, const ParquetColumn& column,
                                         std::int64_t most) {
  using Value = typename Type::c_type;
  if (column.kind == ParquetKind::real) {
    return take<Type>(reader, most, [&](std::size_t cell, Value value) {
      reals_[cell] = seconds_of(value, column.per_second) * static_cast<double>(column.seconds);
      integers_[cell] = value;
    });
  }
  if (column.kind == ParquetKind::decimal) {
    return take<Type>(reader, most, [&](std::size_t cell, Value value) {
      decimals_[cell] = arrow::Decimal256(value).ToString(column.scale);
    });
  }
  return take<Type>(reader, most, [&](std::size_t cell, Value value) {
    integers_[cell] =
        column.is_unsigned
            ? static_cast<std::int64_t>(static_cast<std::make_unsigned_t<Value>>(value))
            : static_cast<std::int64_t>(value);
  });
}

std::int64_t ParquetCells::read(parquet::ColumnReader& reader, const ParquetColumn& column,
                                std::int64_t most) {
  kind_ = column.kind;
  single_ = reader.type() == parquet::Type::FLOAT;
  times_ = kind_ == ParquetKind::real &&
           (reader.type() == parquet::Type::INT32 || reader.type() == parquet::Type::INT64 ||
            reader.type() == parquet::Type::INT96);
  const auto size = static_cast<std::size_t>(most);
  integers_.resize(size);
  reals_.resize(size);
  texts_.resize(size);
  decimals_.resize(kind_ == ParquetKind::decimal ? size : 0);
  std::int64_t count = 0;
  switch (reader.type()) {
    case parquet::Type::BOOLEAN:
      count = take<parquet::BooleanType>(
          reader, most, [&](std::size_t cell, bool value) { integers_[cell] = value ? 1 : 0; });
      break;
    case parquet::Type::INT32:
      count = take_integers<parquet::Int32Type>(reader, column, most);
      break;
    case parquet::Type::INT64:
      count = take_integers<parquet::Int64Type>(reader, column, most);
      break;
    case parquet::Type::INT96:
      count = take<parquet::Int96Type>(
          reader, most, [&](std::size_t cell, const parquet::Int96& value) {
            reals_[cell] = SparkTime(value).seconds();
            integers_[cell] = static_cast<std::int64_t>(SparkTime(value).identity());
          });
      break;
    case parquet::Type::FLOAT:
      count = take<parquet::FloatType>(
          reader, most, [&](std::size_t cell, float value) { reals_[cell] = value; });
      break;
    case parquet::Type::DOUBLE:
      count = take<parquet::DoubleType>(
          reader, most, [&](std::size_t cell, double value) { reals_[cell] = value; });
      break;
    case parquet::Type::BYTE_ARRAY:
      count = take<parquet::ByteArrayType>(
          reader, most, [&](std::size_t cell, const parquet::ByteArray& value) {
            if (kind_ == ParquetKind::decimal) {
              decimals_[cell] = decimal_text(value.ptr, value.len, column.scale);
            } else {
              texts_[cell] = {reinterpret_cast<const char*>(value.ptr), value.len};
            }
          });
      break;
    case parquet::Type::FIXED_LEN_BYTE_ARRAY:
      count = take<parquet::FLBAType>(
          reader, most, [&](std::size_t cell, const parquet::FixedLenByteArray& value) {
            if (kind_ == ParquetKind::decimal) {
              decimals_[cell] = decimal_text(value.ptr, column.width, column.scale);
            } else if (kind_ == ParquetKind::real) {
              reals_[cell] = half_to_double(value.ptr);
            }
          });
      break;
    default:
      throw parquet::ParquetException("a column of an unknown type");
  }
  if (kind_ == ParquetKind::nothing) {
    std::fill(present_.begin(), present_.end(), std::uint8_t{0});
  }
  for (std::size_t cell = 0; cell < decimals_.size(); ++cell) {
    texts_[cell] = decimals_[cell];
  }
  return count;
}

bool ParquetCells::missing(std::size_t cell) const noexcept {
  return present_[cell] == 0 || (kind_ == ParquetKind::real && std::isnan(reals_[cell])) ||
         (kind_ == ParquetKind::text && is_missing(texts_[cell]));
}

std::string ParquetCells::text(std::size_t cell) const {
  if (present_[cell] == 0) {
    return "";
  }
  switch (kind_) {
    case ParquetKind::integer:
      return digits(integers_[cell]);
    case ParquetKind::natural:
      return digits(static_cast<std::uint64_t>(integers_[cell]));
    case ParquetKind::boolean:
      return integers_[cell] != 0 ? "True" : "False";
    case ParquetKind::real:
      return single_ ? real_text(static_cast<float>(reals_[cell])) : real_text(reals_[cell]);
    default:
      return std::string(texts_[cell]);
  }
}

NumberError ParquetCells::number(std::size_t cell, char decimal, double& out) const noexcept {
  switch (kind_) {
    case ParquetKind::integer:
    case ParquetKind::boolean:
      out = static_cast<double>(integers_[cell]);
      return NumberError::none;
    case ParquetKind::natural:
      out = static_cast<double>(static_cast<std::uint64_t>(integers_[cell]));
      return NumberError::none;
    case ParquetKind::real:
      out = reals_[cell];
      return std::isfinite(out) ? NumberError::none : NumberError::not_finite;
    default:
      return parse_number(texts_[cell], decimal, out);
  }
}

NumberError ParquetCells::number(std::size_t cell, char decimal, float& out) const noexcept {
  switch (kind_) {
    case ParquetKind::integer:
    case ParquetKind::boolean:
      out = static_cast<float>(integers_[cell]);
      return NumberError::none;
    case ParquetKind::natural:
      out = static_cast<float>(static_cast<std::uint64_t>(integers_[cell]));
      return NumberError::none;
    case ParquetKind::real:
      out = static_cast<float>(reals_[cell]);
      return std::isfinite(out)            ? NumberError::none
             : std::isfinite(reals_[cell]) ? NumberError::too_large
                                           : NumberError::not_finite;
    default:
      return parse_number(texts_[cell], decimal, out);
  }
}

NumberError ParquetCells::number(std::size_t cell, char decimal, std::int64_t& out) const noexcept {
  constexpr double kTwo53 = 9007199254740992.0;
  switch (kind_) {
    case ParquetKind::natural:
      if (integers_[cell] < 0) {  // 2^63 or more
        return NumberError::too_large;
      }
      [[fallthrough]];
    case ParquetKind::integer:
      out = integers_[cell];
      return NumberError::none;
    case ParquetKind::boolean:  // the name of a class
      return NumberError::not_a_number;
    case ParquetKind::real:
      if (!std::isfinite(reals_[cell])) {
        return NumberError::not_finite;
      }
      if (reals_[cell] != std::trunc(reals_[cell])) {
        return NumberError::not_integral;
      }
      if (std::fabs(reals_[cell]) >= kTwo53) {  // different integers may have become equal
        return NumberError::too_large;
      }
      out = static_cast<std::int64_t>(reals_[cell]);
      return NumberError::none;
    default:
      return parse_number(texts_[cell], decimal, out);
  }
}

void ParquetCells::add_to(MergedNumbers& numbers, std::size_t cell, char decimal,
                          double value) const {
  switch (kind_) {
    case ParquetKind::integer:
      return numbers.add(integers_[cell]);
    case ParquetKind::natural:
      return numbers.add(static_cast<std::uint64_t>(integers_[cell]));
    case ParquetKind::real:
      if (times_) {
        numbers.add(value, static_cast<std::uint64_t>(integers_[cell]));
      }
      return;
    case ParquetKind::text:
    case ParquetKind::decimal:
      return numbers.add(texts_[cell], decimal, value);
    default:
      return;
  }
}

}  // namespace dga
