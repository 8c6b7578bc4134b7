//! Anything that can be written down, without the names of somebody who is to be forgotten:
//! each text goes through a look on its way out, and each number that may be a hash of one.

use serde::ser::{
    Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

use super::Mention;

/// A value that is written without the names.
#[derive(Debug)]
pub struct Scrubbed<'a, T: ?Sized> {
    value: &'a T,
    mention: &'a Mention,
}

impl<'a, T: ?Sized> Scrubbed<'a, T> {
    pub const fn new(value: &'a T, mention: &'a Mention) -> Self {
        Self { value, mention }
    }
}

impl<T: Serialize + ?Sized> Serialize for Scrubbed<'_, T> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(Scrubber { out, mention: self.mention })
    }
}

/// Hands everything on but texts.
struct Scrubber<'m, S> {
    out: S,
    mention: &'m Mention,
}

macro_rules! handed_on {
    ($($name:ident: $type:ty),+ $(,)?) => {
        $(fn $name(self, value: $type) -> Result<S::Ok, S::Error> {
            self.out.$name(value)
        })+
    };
}

macro_rules! begun {
    ($($name:ident($($arg:ident: $type:ty),*) -> $begun:ident),+ $(,)?) => {
        $(fn $name(self, $($arg: $type),*) -> Result<Self::$begun, S::Error> {
            let Self { out, mention } = self;
            Ok(Scrubber { out: out.$name($($arg),*)?, mention })
        })+
    };
}

impl<'m, S: Serializer> Serializer for Scrubber<'m, S> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeSeq = Scrubber<'m, S::SerializeSeq>;
    type SerializeTuple = Scrubber<'m, S::SerializeTuple>;
    type SerializeTupleStruct = Scrubber<'m, S::SerializeTupleStruct>;
    type SerializeTupleVariant = Scrubber<'m, S::SerializeTupleVariant>;
    type SerializeMap = Scrubber<'m, S::SerializeMap>;
    type SerializeStruct = Scrubber<'m, S::SerializeStruct>;
    type SerializeStructVariant = Scrubber<'m, S::SerializeStructVariant>;

    handed_on! {
        serialize_bool: bool, serialize_i8: i8, serialize_i16: i16, serialize_i32: i32,
        serialize_i64: i64, serialize_i128: i128, serialize_u8: u8, serialize_u16: u16,
        serialize_u32: u32, serialize_u128: u128, serialize_f32: f32,
        serialize_f64: f64, serialize_char: char, serialize_bytes: &[u8],
        serialize_unit_struct: &'static str,
    }

    begun! {
        serialize_seq(length: Option<usize>) -> SerializeSeq,
        serialize_tuple(length: usize) -> SerializeTuple,
        serialize_tuple_struct(name: &'static str, length: usize) -> SerializeTupleStruct,
        serialize_tuple_variant(
            name: &'static str, index: u32, variant: &'static str, length: usize
        ) -> SerializeTupleVariant,
        serialize_map(length: Option<usize>) -> SerializeMap,
        serialize_struct(name: &'static str, length: usize) -> SerializeStruct,
        serialize_struct_variant(
            name: &'static str, index: u32, variant: &'static str, length: usize
        ) -> SerializeStructVariant,
    }

    fn serialize_u64(self, number: u64) -> Result<S::Ok, S::Error> {
        self.out.serialize_u64(self.mention.blurred(number))
    }

    fn serialize_str(self, text: &str) -> Result<S::Ok, S::Error> {
        match self.mention.removed_from(text) {
            Some(clean) => self.out.serialize_str(&clean),
            None => self.out.serialize_str(text),
        }
    }

    fn serialize_none(self) -> Result<S::Ok, S::Error> {
        self.out.serialize_none()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        self.out.serialize_some(&Scrubbed::new(value, self.mention))
    }

    fn serialize_unit(self) -> Result<S::Ok, S::Error> {
        self.out.serialize_unit()
    }

    fn serialize_unit_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
    ) -> Result<S::Ok, S::Error> {
        self.out.serialize_unit_variant(name, index, variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        self.out.serialize_newtype_struct(name, &Scrubbed::new(value, self.mention))
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        let value = Scrubbed::new(value, self.mention);
        self.out.serialize_newtype_variant(name, index, variant, &value)
    }

    fn is_human_readable(&self) -> bool {
        self.out.is_human_readable()
    }
}

macro_rules! elements {
    ($($trait:ident::$name:ident),+ $(,)?) => {
        $(impl<S: $trait> $trait for Scrubber<'_, S> {
            type Ok = S::Ok;
            type Error = S::Error;

            fn $name<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), S::Error> {
                self.out.$name(&Scrubbed::new(value, self.mention))
            }

            fn end(self) -> Result<S::Ok, S::Error> {
                self.out.end()
            }
        })+
    };
}

macro_rules! fields {
    ($($trait:ident),+ $(,)?) => {
        $(impl<S: $trait> $trait for Scrubber<'_, S> {
            type Ok = S::Ok;
            type Error = S::Error;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                name: &'static str,
                value: &T,
            ) -> Result<(), S::Error> {
                self.out.serialize_field(name, &Scrubbed::new(value, self.mention))
            }

            fn skip_field(&mut self, name: &'static str) -> Result<(), S::Error> {
                self.out.skip_field(name)
            }

            fn end(self) -> Result<S::Ok, S::Error> {
                self.out.end()
            }
        })+
    };
}

elements! {
    SerializeSeq::serialize_element,
    SerializeTuple::serialize_element,
    SerializeTupleStruct::serialize_field,
    SerializeTupleVariant::serialize_field,
}

fields! { SerializeStruct, SerializeStructVariant }

impl<S: SerializeMap> SerializeMap for Scrubber<'_, S> {
    type Ok = S::Ok;
    type Error = S::Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), S::Error> {
        self.out.serialize_key(&Scrubbed::new(key, self.mention))
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), S::Error> {
        self.out.serialize_value(&Scrubbed::new(value, self.mention))
    }

    fn end(self) -> Result<S::Ok, S::Error> {
        self.out.end()
    }
}
