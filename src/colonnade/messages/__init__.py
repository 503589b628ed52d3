"""What readers are told, in their language: one catalog of messages in `locale/` for all rooms.

Imports nothing of the library; everything else may import it. A language is a folder of
`locale/`; `make messages` gathers the sentences that await translation, and compiles the rest.
"""
