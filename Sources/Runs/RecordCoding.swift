import Findings

/// What a step did, as bytes.
///
/// Little-endian. A version byte; the scalars as doubles, with a byte of flags for those that may be
/// absent; the refusal's counts; then layers and parameters, each a byte of flags and its tensors. A
/// tensor is a byte of flags and mean, root mean square, minimum and maximum in single precision, and
/// where they are not 0 the share of zeros and the number of elements that are not finite. Names are
/// kept elsewhere.
enum RecordCoding {
  static let version: UInt8 = 1

  /// Appends the bytes of a record.
  static func encode(_ record: StepRecord, into bytes: inout [UInt8]) {
    bytes.append(version)
    var flags: UInt8 = record.clipCoefficient == nil ? 0 : 1
    if record.lossScale != nil { flags |= 2 }
    if record.refusal != nil { flags |= 4 }
    bytes.append(flags)
    for number in [record.loss, record.learningRate, record.gradientNorm, record.seconds] {
      append(number.bitPattern, &bytes)
    }
    if let number = record.clipCoefficient { append(number.bitPattern, &bytes) }
    if let number = record.lossScale { append(number.bitPattern, &bytes) }
    if let refusal = record.refusal {
      append(UInt64(clamping: refusal.nanCount), &bytes)
      append(UInt64(clamping: refusal.infinityCount), &bytes)
    }
    append(UInt32(record.layers.count), &bytes)
    append(UInt32(record.parameters.count), &bytes)
    for layer in record.layers {
      bytes.append((layer.gradient == nil ? 0 : 1) | (layer.saturatedShare == nil ? 0 : 2))
      encode(layer.activation, &bytes)
      if let gradient = layer.gradient { encode(gradient, &bytes) }
      if let share = layer.saturatedShare { append(Float(share).bitPattern, &bytes) }
    }
    for parameter in record.parameters {
      bytes.append((parameter.update == nil ? 0 : 1) | (parameter.lostShare == nil ? 0 : 2))
      encode(parameter.weight, &bytes)
      encode(parameter.gradient, &bytes)
      if let update = parameter.update { encode(update, &bytes) }
      if let share = parameter.lostShare { append(Float(share).bitPattern, &bytes) }
    }
  }

  private static func encode(_ health: StepRecord.TensorHealth, _ bytes: inout [UInt8]) {
    bytes.append((health.zeroShare == 0 ? 0 : 1) | (health.nonFiniteCount == 0 ? 0 : 2))
    for number in [
      health.mean, health.secondMoment.squareRoot(), health.minimum, health.maximum,
    ] { append(Float(number).bitPattern, &bytes) }
    if health.zeroShare != 0 { append(Float(health.zeroShare).bitPattern, &bytes) }
    if health.nonFiniteCount != 0 { append(UInt32(clamping: health.nonFiniteCount), &bytes) }
  }

  private static func append(_ value: some FixedWidthInteger, _ bytes: inout [UInt8]) {
    var rest = value
    for _ in 0..<value.bitWidth / 8 {
      bytes.append(UInt8(truncatingIfNeeded: rest))
      rest >>= 8
    }
  }

  /// What is kept beside the bytes.
  struct Texts {
    var step: Int
    var clipDominant: String?
    var refusedPlace: String?
    var refusedTensor: String?
  }

  /// The record that bytes hold; nil where they are damaged.
  static func decode(
    _ bytes: [UInt8], _ texts: Texts, _ names: RunNames
  ) -> StepRecord? {
    var reader = Reader(bytes: bytes)
    guard reader.byte() == version, let flags = reader.byte(), let loss = reader.double(),
      let rate = reader.double(), let norm = reader.double(), let seconds = reader.double()
    else { return nil }
    var record = StepRecord(
      step: texts.step, loss: loss, learningRate: rate, gradientNorm: norm, seconds: seconds)
    record.clipDominant = texts.clipDominant
    if flags & 1 != 0 {
      guard let number = reader.double() else { return nil }
      record.clipCoefficient = number
    }
    if flags & 2 != 0 {
      guard let number = reader.double() else { return nil }
      record.lossScale = number
    }
    if flags & 4 != 0 {
      guard let nans = reader.word(8), let infinities = reader.word(8),
        let place = texts.refusedPlace.flatMap({ StepRecord.Refusal.Place(rawValue: $0) }),
        let tensor = texts.refusedTensor
      else { return nil }
      record.refusal = StepRecord.Refusal(
        place: place, tensor: tensor, nanCount: Int(clamping: nans),
        infinityCount: Int(clamping: infinities))
    }
    guard let layerCount = reader.word(4), let parameterCount = reader.word(4),
      layerCount == 0 || layerCount == names.layers.count,
      parameterCount == 0 || parameterCount == names.parameters.count
    else { return nil }
    for name in names.layers.prefix(Int(layerCount)) {
      guard let layer = reader.layer(name) else { return nil }
      record.layers.append(layer)
    }
    for name in names.parameters.prefix(Int(parameterCount)) {
      guard let parameter = reader.parameter(name) else { return nil }
      record.parameters.append(parameter)
    }
    return reader.isAtEnd ? record : nil
  }

  /// Reads numbers of bytes that may be damaged.
  private struct Reader {
    let bytes: [UInt8]
    var place = 0

    var isAtEnd: Bool { place == bytes.count }

    mutating func byte() -> UInt8? { word(1).map { UInt8($0) } }

    mutating func word(_ count: Int) -> UInt64? {
      guard bytes.count - place >= count else { return nil }
      defer { place += count }
      return bytes[place..<place + count].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    mutating func double() -> Double? { word(8).map { Double(bitPattern: $0) } }

    mutating func single() -> Double? {
      word(4).map { Double(Float(bitPattern: UInt32($0))) }
    }

    mutating func tensor() -> StepRecord.TensorHealth? {
      guard let flags = byte(), let mean = single(), let root = single(),
        let minimum = single(), let maximum = single()
      else { return nil }
      var health = StepRecord.TensorHealth(
        mean: mean, secondMoment: root * root, minimum: minimum, maximum: maximum, zeroShare: 0,
        nonFiniteCount: 0)
      if flags & 1 != 0 {
        guard let share = single() else { return nil }
        health.zeroShare = share
      }
      if flags & 2 != 0 {
        guard let count = word(4) else { return nil }
        health.nonFiniteCount = Int(count)
      }
      return health
    }

    mutating func layer(_ name: String) -> StepRecord.LayerHealth? {
      guard let flags = byte(), let activation = tensor() else { return nil }
      var layer = StepRecord.LayerHealth(name: name, activation: activation, gradient: nil)
      if flags & 1 != 0 {
        guard let gradient = tensor() else { return nil }
        layer.gradient = gradient
      }
      if flags & 2 != 0 {
        guard let share = single() else { return nil }
        layer.saturatedShare = share
      }
      return layer
    }

    mutating func parameter(_ name: String) -> StepRecord.ParameterHealth? {
      guard let flags = byte(), let weight = tensor(), let gradient = tensor() else { return nil }
      var parameter = StepRecord.ParameterHealth(name: name, weight: weight, gradient: gradient)
      if flags & 1 != 0 {
        guard let update = tensor() else { return nil }
        parameter.update = update
      }
      if flags & 2 != 0 {
        guard let share = single() else { return nil }
        parameter.lostShare = share
      }
      return parameter
    }
  }
}
