/// Randomness as a parameter.
pub trait Random: Send + Sync {
    /// Drawn from `[0, 1)`.
    fn unit(&self) -> f64;
    /// Fills with bytes fit for secrets.
    fn secret_bytes(&self, out: &mut [u8]);
}
