/// Something that is done to gradients before the optimiser sees them.
public protocol GradientTreatment: NamedSettings {}

/// A treatment that makes gradients smaller where they are too great.
public protocol Clipping: GradientTreatment {}
