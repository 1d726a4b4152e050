// SPDX-License-Identifier: Apache-2.0

#include "dga/data/formats/parquet/column.h"

#include <parquet/types.h>

namespace dga {
namespace {

using parquet::LogicalType;

std::int64_t units_in_a_second(LogicalType::TimeUnit::unit unit) {
  switch (unit) {
    case LogicalType::TimeUnit::MILLIS:
      return 1'000;
    case LogicalType::TimeUnit::MICROS:
      return 1'000'000;
    case LogicalType::TimeUnit::NANOS:
      return 1'000'000'000;
    default:
      return 0;
  }
}

/// Integers, and what is stored as such.
void describe_integer(const LogicalType& type, bool wide, ParquetColumn& column) {
  column.kind = ParquetKind::unreadable;
  if (type.is_int()) {
    column.is_unsigned = !static_cast<const parquet::IntLogicalType&>(type).is_signed();
    column.kind = column.is_unsigned && wide ? ParquetKind::natural : ParquetKind::integer;
  } else if (type.is_date()) {
    column.kind = ParquetKind::real;
    column.per_second = 1;
    column.seconds = 86'400;
  } else if (type.is_timestamp() || type.is_time()) {
    column.per_second = units_in_a_second(
        type.is_time() ? static_cast<const parquet::TimeLogicalType&>(type).time_unit()
                       : static_cast<const parquet::TimestampLogicalType&>(type).time_unit());
    column.kind = column.per_second > 0 ? ParquetKind::real : ParquetKind::unreadable;
    column.type = "times of an unknown unit";
  } else if (type.is_none()) {
    column.kind = ParquetKind::integer;
  } else {
    column.type = "integers of another meaning";
  }
}

void describe_bytes(const LogicalType& type, bool one_length, ParquetColumn& column) {
  if (!one_length && (type.is_string() || type.is_enum() || type.is_JSON())) {
    column.kind = ParquetKind::text;
  } else if (one_length && type.is_float16()) {
    column.kind = ParquetKind::real;
  } else {
    column.kind = ParquetKind::unreadable;
    column.type = type.is_UUID() ? "UUIDs" : "bytes";
  }
}

}  // namespace

ParquetColumn parquet_column(const parquet::schema::Node& field, int leaf) {
  ParquetColumn column{.name = field.name()};
  const LogicalType& type = *field.logical_type();
  if (field.is_repeated() || field.is_group()) {
    column.type = type.is_map()                           ? "a map"
                  : field.is_repeated() || type.is_list() ? "a list"
                                                          : "a struct";
    return column;
  }
  const auto& primitive = static_cast<const parquet::schema::PrimitiveNode&>(field);
  column.leaf = leaf;
  column.may_be_null = field.is_optional();
  column.width = primitive.type_length();
  if (type.is_null()) {
    column.kind = ParquetKind::nothing;
    return column;
  }
  if (type.is_decimal()) {
    column.kind = ParquetKind::decimal;
    column.scale = static_cast<const parquet::DecimalLogicalType&>(type).scale();
    return column;
  }
  switch (primitive.physical_type()) {
    case parquet::Type::BOOLEAN:
      column.kind = ParquetKind::boolean;
      break;
    case parquet::Type::INT32:
    case parquet::Type::INT64:
      describe_integer(type, primitive.physical_type() == parquet::Type::INT64, column);
      break;
    case parquet::Type::INT96:  // a time, as old versions of Spark write it
    case parquet::Type::FLOAT:
    case parquet::Type::DOUBLE:
      column.kind = ParquetKind::real;
      break;
    case parquet::Type::BYTE_ARRAY:
    case parquet::Type::FIXED_LEN_BYTE_ARRAY:
      describe_bytes(type, primitive.physical_type() == parquet::Type::FIXED_LEN_BYTE_ARRAY,
                     column);
      break;
    default:
      column.type = "an unknown type";
  }
  return column;
}

}  // namespace dga
