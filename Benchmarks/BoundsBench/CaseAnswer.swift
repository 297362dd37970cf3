/// What was measured of a case.
struct CaseAnswer: Encodable {
  /// Relative widths of the intervals of a node's result for operands that are points.
  struct Width: Encodable {
    let median: Double
    let worst: Double
  }

  /// Why the case could not be measured.
  var error: String?
  var hasRealInputs = false
  var isDifferentiated = false
  var radii: [RadiusAnswer] = []
  var widths: [String: [Width]] = [:]
  var localViolations: [String] = []

  init(error: String) { self.error = error }
  init(hasRealInputs: Bool) { self.hasRealInputs = hasRealInputs }
}

/// What was measured with intervals of one radius.
struct RadiusAnswer: Encodable {
  struct Share: Encodable {
    var elements = 0
    var bounded = 0
  }

  let radius: Double
  /// Elements of all samples that were held against their bounds.
  var compared = 0
  /// Elements that are NaN or computed from one that is.
  var undefined = 0
  var violations: [String] = []
  /// Expected outputs outside of the bounds.
  var missed: [String] = []
  var outputs = Share()
  var gradients = Share()
  /// Elements without a bound though all operands have one, by operator.
  var unbounded: [String: Int] = [:]

  init(radius: Double) { self.radius = radius }
}
