"""How often networks that learned nothing say so, and how often others do."""
