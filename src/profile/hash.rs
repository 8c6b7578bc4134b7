//! Values as 64-bit numbers that stay the same from run to run and from build to build.

const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0000_0100_0000_01b3;

/// FNV-1a with a finish that mixes all bits. It stands in stored state: never change it.
pub fn hash_of(text: &str) -> u64 {
    let plain =
        text.bytes().fold(OFFSET, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME));
    hash_of_number(plain)
}

/// The finish alone, for what is a number already.
pub const fn hash_of_number(number: u64) -> u64 {
    let mixed = (number ^ (number >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    let mixed = (mixed ^ (mixed >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    mixed ^ (mixed >> 33)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_keeps_its_number_for_ever() {
        assert_eq!(hash_of("/v1/orders"), hash_of("/v1/orders"));
        assert_ne!(hash_of("/v1/orders"), hash_of("/v1/order"));
        assert_eq!(hash_of_number(0), 0);
    }
}
