"""Glass Harbor: the sample film, made from nothing but what is in this folder."""
